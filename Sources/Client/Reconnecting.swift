// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire

/// What a client does when its connection is lost: it connects again, opens its context again, and sends again what was
/// not answered.
///
///     let plan = Reconnecting(context: "guest-7", client: "vmm-7")
///     let client = try Client.connect(reconnecting: plan)
///     client.onReconnect = { print("the daemon was away for \($0.milliseconds) ms") }
///
/// In a persistent context nothing is lost by that and nothing is done twice: calls that change something are sent with
/// keys. Pins and subscriptions end with a connection, whatever the context; who has them makes them anew when told.
public struct Reconnecting: Sendable {
  /// The context to work in; nil for the connection's own, of which nothing survives.
  public var context: String?
  /// Whether it is to survive the daemon, where it does not exist yet.
  public var persists: Bool
  /// Whose it is, for the admin role.
  public var owner: UInt32?
  /// By which name the daemon remembers what it answered to this client, 1 to 64 bytes. Who ends and begins again may
  /// take the same.
  public var client: String
  /// Milliseconds for which to try.
  public var patience: UInt32

  public init(
    context: String?, persists: Bool = true, owner: UInt32? = nil, client: String, patience: UInt32 = 10_000
  ) {
    self.context = context
    self.persists = persists
    self.owner = owner
    self.client = client
    self.patience = patience
  }
}

/// How a lost connection was made again.
public struct Reconnection: Equatable, Sendable {
  /// Times that it was tried.
  public var attempts = 0
  /// Until the context was open again.
  public var milliseconds: UInt64 = 0
  /// Calls that were sent again.
  public var resent = 0
  /// Calls that were not, since they may have been executed and must not be twice. They throw
  /// ``ClientError/uncertain(_:)``.
  public var uncertain = 0
  /// Areas of the context where devices fault, until ``IOASRepin`` succeeds.
  public var degraded: UInt64 = 0
}

/// Times between attempts: none before the first, then 10 ms, and twice as many each time, up to 250.
struct Backoff {
  private let end: UInt64
  private var delay: UInt64 = 0

  init(milliseconds: UInt32) { end = Self.now + UInt64(milliseconds) }

  /// Waits, and answers whether there is time for one more attempt.
  mutating func next() -> Bool {
    if delay > 0 {
      guard Self.now + delay < end else { return false }
      usleep(UInt32(delay * 1000))
    }
    delay = delay == 0 ? 10 : min(2 * delay, 250)
    return true
  }

  /// Milliseconds of a clock that never goes back.
  static var now: UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }
}
