// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// For programs that run the daemon's loop themselves, turn by turn, instead of ``Daemon/run()``: the fuzzer of
/// sessions, whose inputs have to mean the same each time.
extension Daemon {
  /// Takes over a connected socket as if it had been accepted.
  package func welcome(_ socket: consuming OwnedDescriptor, _ peer: Peer, _ role: Role) {
    floor.open(socket, peer, role)
  }

  /// One turn of the loop. Answers whether there was anything to do.
  ///
  /// - Parameter timeout: microseconds to wait at most.
  package func turn(timeout: UInt64) throws(Errno) -> Bool { try loop.turn(timeout: timeout) }

  /// Whether workers have nothing to do.
  package var isQuiet: Bool { workshop.count == 0 }

  /// Ends all connections and threads.
  package func end() { floor.stop() }
}
