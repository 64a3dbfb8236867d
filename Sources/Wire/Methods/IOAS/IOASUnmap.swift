// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Unmaps whole areas: one range, several, or all of an address space.
public struct IOASUnmap: Method {
  public static let name: StaticString = "ioas.unmap"
  public static let summary: StaticString =
    "Unmaps the areas that lie wholly inside the ranges; all of them or none."
  public static let errors: [Errno] = [.ebusy, .einval, .enoent, .eoverflow]

  public var ioas: UInt32 = 0
  /// Everything; there are no ranges then.
  public var all = false
  public var ranges: [Range] = []
  /// Whether the call is in the form without a list.
  public var single = true

  public init() {}

  public init(ioas: UInt32, iova: IOVA, length: UInt64) {
    self.ioas = ioas
    ranges = [Range(iova: iova, length: length)]
  }

  public init(ioas: UInt32, ranges: [Range]) {
    self.ioas = ioas
    self.ranges = ranges
    single = false
  }

  public init(allOf ioas: UInt32) {
    self.ioas = ioas
    all = true
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.option("all", &all, "true: everything, without ranges (default false)")
    try visitor.oneOrMany("ranges", &ranges, single: &single, absent: all, "all unmapped or none")
  }

  /// One range to unmap.
  public struct Range: Members {
    public var iova = IOVA(0)
    /// Bytes; with iova 0, 2^64-1 means everything.
    public var length: UInt64 = 0

    public init() {}

    public init(iova: IOVA, length: UInt64) {
      self.iova = iova
      self.length = length
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("iova", &iova, "the first address")
      try visitor.member("length", &length, "bytes; with iova 0, 2^64-1 means everything")
    }
  }

  public struct Result: Members {
    /// Bytes.
    public var unmapped: UInt64 = 0

    public init() {}
    public init(unmapped: UInt64) { self.unmapped = unmapped }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("unmapped", &unmapped, "bytes")
    }
  }
}
