// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Takes IOVAs out of use, or gives them back.
public struct IOASReserve: Method {
  public static let name: StaticString = "ioas.reserve"
  public static let summary: StaticString =
    "Takes IOVAs out of use, or gives back what an earlier call took; several ranges are all or nothing."
  public static let errors: [Errno] = [.eaddrinuse, .edquot, .einval, .enoent]
  public static let takesKey = true

  public var ioas: UInt32 = 0
  /// Gives back rather than takes: each range has to be exactly one that was taken.
  public var release = false
  public var ranges: [AddressRange] = []
  /// Whether the call is in the form without a list.
  public var single = true

  public init() {}

  public init(ioas: UInt32, _ range: AddressRange, release: Bool = false) {
    self.ioas = ioas
    self.release = release
    ranges = [range]
  }

  public init(ioas: UInt32, ranges: [AddressRange], release: Bool = false) {
    self.ioas = ioas
    self.release = release
    self.ranges = ranges
    single = false
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.option(
      "release", &release, "true: give back ranges that earlier calls took, exactly (default false)")
    try visitor.oneOrMany("ranges", &ranges, single: &single, absent: nil, "all or none")
  }

  public typealias Result = Nothing
}
