// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Unmaps whole areas: one range, several, or all of an address space.
public struct IOASUnmap: Method {
  public static let name: StaticString = "ioas.unmap"
  public static let summary: StaticString =
    "Unmaps the areas that lie wholly inside the ranges; all of them or none."
  public static let errors: [Errno] = [
    .ebusy, .edeadlk, .einval, .enoent, .eoverflow, .eperm,
  ]
  public static let takesKey = true

  public var ioas: UInt32 = 0
  /// Everything; there are no ranges then.
  public var all = false
  public var ranges: [Range] = []
  /// Whether the call is in the form without a list.
  public var single = true
  /// How long it waits for the pins of other connections, in milliseconds; nil: ``defaultWait``.
  public var milliseconds: UInt32?
  /// Drops the caller's own pins rather than to be refused for them. Nil: no.
  public var unpinsOwn: Bool?
  /// Drops everybody else's pins at once. Nil: no.
  public var force: Bool?

  /// Milliseconds that an unmap waits when it does not say.
  public static let defaultWait: UInt32 = 1000
  /// Milliseconds that an unmap waits at most.
  public static let longestWait: UInt32 = 60_000

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
    try visitor.option(
      "wait_ms", &milliseconds,
      "how long to wait for pins of other connections, at most 60000; 0: do not wait (default 1000)")
    try visitor.option(
      "unpin_own", &unpinsOwn, "drop pins of this connection that are in the way (default false)")
    try visitor.option(
      "force", &force,
      "end pins of other connections, for the context's user and the admin role (default false)")
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
