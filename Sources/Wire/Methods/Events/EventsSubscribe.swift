// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Begins to tell events, and answers what they would have told so far.
public struct EventsSubscribe: Method {
  public static let name: StaticString = "events.subscribe"
  public static let summary: StaticString =
    "Sends events from now on, instead of those subscribed to before, and answers the present state."
  public static let errors: [Errno] = [.einval, .eperm]

  /// Nil for all kinds.
  public var kinds: [EventKind]?
  /// Events of every context, rather than of the one that the connection works in.
  public var everywhere = false

  public init() {}

  public init(_ kinds: [EventKind]?, everywhere: Bool = false) {
    self.kinds = kinds
    self.everywhere = everywhere
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("kinds", &kinds, "only these (default: all)")
    try visitor.option(
      "everywhere", &everywhere,
      "those of every context, for the observer and admin roles (default: the connection's own)")
  }

  public struct Result: Members {
    /// Number of the last event that was sent, or left out, before.
    public var seq: UInt64 = 0
    /// What is subscribed to now.
    public var kinds: [EventKind] = []
    /// Unmaps that wait for pins in the connection's context.
    public var unmaps: [UnmapRequested] = []
    /// DMA faults in the connection's context so far.
    public var faults: UInt64 = 0
    /// Areas of the connection's context that could not be pinned again after a restart.
    public var degraded: UInt64 = 0
    /// The connection's context has come back with other frames of the machine than it had before a restart.
    public var framesChanged = false

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("seq", &seq, "of the last event before")
      try visitor.member("kinds", &kinds, "subscribed to now")
      try visitor.member("unmaps", &unmaps, "unmaps that wait for pins in the context, at most 100")
      try visitor.member("faults", &faults, "DMA faults in the context so far")
      try visitor.member("degraded", &degraded, "areas of the context that could not be pinned again")
      try visitor.member(
        "frames_changed", &framesChanged, "it has come back with other frames of the machine")
    }
  }
}
