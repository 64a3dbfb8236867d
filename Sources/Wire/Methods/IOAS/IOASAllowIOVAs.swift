// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Says where an address space may map what comes without an address.
public struct IOASAllowIOVAs: Method {
  public static let name: StaticString = "ioas.allow_iovas"
  public static let summary: StaticString =
    "Limits chosen IOVAs to some ranges, and keeps devices and reservations from taking those away."
  public static let errors: [Errno] = [.eaddrinuse, .edquot, .einval, .enoent]
  public static let takesKey = true

  public var ioas: UInt32 = 0
  /// In any order, at most 1024. They replace those of an earlier call; none lifts them.
  public var ranges: [AddressRange] = []

  public init() {}

  public init(ioas: UInt32, _ ranges: [AddressRange]) {
    self.ioas = ioas
    self.ranges = ranges
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.member(
      "ranges", &ranges, "in any order, at most 1024, in place of earlier ones; an empty list lifts them")
  }

  public typealias Result = Nothing
}
