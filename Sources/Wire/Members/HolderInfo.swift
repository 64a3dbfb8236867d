// SPDX-License-Identifier: Apache-2.0

/// Who keeps an unmap from going on: a connection, and what it holds.
public struct HolderInfo: Members {
  /// Counts the connections of the daemon.
  public var connection: UInt64 = 0
  public var uid: UInt32 = 0
  /// The access by which it holds pins.
  public var access: UInt32?
  /// Pins that stand in the way.
  public var pins: UInt64?
  /// Milliseconds since it took the first of what it holds.
  public var milliseconds: UInt64 = 0

  public init() {}

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("connection", &connection, "counts the connections of the daemon")
    try visitor.member("uid", &uid, "user of the connection")
    try visitor.option("access", &access, "access by which it holds pins")
    try visitor.option("pins", &pins, "pins in the way")
    try visitor.member("held_ms", &milliseconds, "milliseconds since it took the first of them")
  }
}
