// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Where an address space can be mapped.
public struct IOASIOVARanges: Method {
  public static let name: StaticString = "ioas.iova_ranges"
  public static let summary: StaticString = "Answers where an address space can be mapped, and how aligned."
  public static let errors: [Errno] = [.enoent]

  public var ioas: UInt32 = 0

  public init() {}
  public init(ioas: UInt32) { self.ioas = ioas }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
  }

  public struct Result: Members {
    public var ranges: [AddressRange] = []
    /// Bytes that IOVAs, lengths and offsets have to be multiples of.
    public var alignment: UInt64 = 1

    public init() {}

    public init(ranges: [AddressRange], alignment: UInt64) {
      self.ranges = ranges
      self.alignment = alignment
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("ranges", &ranges, "usable addresses, ascending")
      try visitor.member("alignment", &alignment, "bytes that IOVAs, lengths and offsets are multiples of")
    }
  }
}
