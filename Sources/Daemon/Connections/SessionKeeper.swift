// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// What connections ask of the rooms above them. Called on the loop only.
package protocol SessionKeeper: AnyObject {
  /// The daemon has said that it is ready: the place to bring back what was there before.
  func daemonBegins()
  /// A connection was accepted: the place for quotas, and it answers the context that the connection starts
  /// in. When it throws, the failure is answered and the connection closed, and ``sessionCloses(_:)`` is not
  /// called.
  func sessionOpens(_ id: SessionID, _ peer: Peer, _ role: Role) throws(Failure) -> Context
  /// What became of the connection: services see this from now on.
  func sessionBegins(_ session: Session)
  /// The connection is gone, and no request of it is under way.
  func sessionCloses(_ session: Session)
  /// Whether there is anything that would be lost if the daemon ended now.
  var holdsState: Bool { get }
  /// What is held now in a few words, for the service manager.
  var status: String { get }
}

/// What passes through the connections. Confined to the loop.
package final class Traffic {
  /// Connections open now.
  package internal(set) var open: UInt64 = 0
  /// Connections accepted so far.
  package internal(set) var connections: UInt64 = 0
  /// Lines answered.
  package internal(set) var requests: UInt64 = 0
  /// Of these, with an error.
  package internal(set) var errors: UInt64 = 0
  /// Descriptors received.
  package internal(set) var descriptors: UInt64 = 0
  /// Workers that do not come back.
  package internal(set) var stuckWorkers: () -> UInt64 = { 0 }
  /// Microseconds that the loop was longest away from everybody.
  package internal(set) var loopGap: () -> UInt64 = { 0 }
  /// Requests that went to a worker.
  package internal(set) var jobs: UInt64 = 0

  package init() {}
}
