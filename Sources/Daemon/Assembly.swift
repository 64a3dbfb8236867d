// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

extension Daemon {
  /// The daemon with all its methods.
  package convenience init(_ options: Options) throws(StartFailure) {
    try self.init(options) { _ in Rooms(routes: [], keeper: Nobody()) }
  }
}

private final class Nobody: SessionKeeper {
  func sessionOpens(_ id: SessionID, _ peer: Peer, _ role: Role) throws(Failure) -> Context { Context() }
  func sessionCloses(_ session: Session) {}
  var holdsState: Bool { false }
  var status: String { "nothing held" }
}
