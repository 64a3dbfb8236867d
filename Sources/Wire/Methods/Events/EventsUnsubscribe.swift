// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Ends the telling of events.
public struct EventsUnsubscribe: Method {
  public static let name: StaticString = "events.unsubscribe"
  public static let summary: StaticString =
    "Sends no more events, or none of some kinds; notices to the holder of a pin still come."
  public static let errors: [Errno] = []

  /// Nil for all kinds.
  public var kinds: [EventKind]?

  public init() {}
  public init(_ kinds: [EventKind]?) { self.kinds = kinds }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("kinds", &kinds, "only these (default: all)")
  }

  public struct Result: Members {
    /// What is still subscribed to.
    public var kinds: [EventKind] = []

    public init() {}
    public init(kinds: [EventKind]) { self.kinds = kinds }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("kinds", &kinds, "still subscribed to")
    }
  }
}
