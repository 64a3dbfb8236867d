// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Tries once more to pin what could not be pinned after a restart.
public struct IOASRepin: Method {
  public static let name: StaticString = "ioas.repin"
  public static let summary: StaticString =
    "Tries once more to pin the memory of degraded areas, so that devices reach it again."
  public static let errors: [Errno] = [.ebusy, .enoent]
  public static let takesKey = true

  public var ioas: UInt32 = 0

  public init() {}
  public init(ioas: UInt32) { self.ioas = ioas }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
  }

  public struct Result: Members {
    /// Areas that devices reach again.
    public var repinned: UInt64 = 0
    /// Areas that are still degraded, and why the first of them is.
    public var degraded: UInt64 = 0
    public var reason: String?

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("repinned", &repinned, "areas that devices reach again")
      try visitor.member("degraded", &degraded, "areas that are still degraded")
      try visitor.option("reason", &reason, "why the first of those is")
    }
  }
}
