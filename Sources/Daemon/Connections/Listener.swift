// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuWire

/// Accepts connections at one socket. Confined to the loop.
package final class Listener {
  private let socket: ListeningSocket
  private let role: Role
  private let floor: ConnectionFloor
  private var source: IOSource?
  /// Given up for a moment when there are no descriptors left, so that a client is turned away rather than
  /// left in a queue that keeps the loop awake.
  private var spare: OwnedDescriptor?

  package init(_ socket: consuming ListeningSocket, _ floor: ConnectionFloor) throws(Errno) {
    role = socket.role
    self.socket = socket
    self.floor = floor
    spare = Self.makeSpare()
    source = try IOSource(floor.loop, self.socket.descriptor.rawValue, .readable) { [unowned self] _ in
      accept()
    }
  }

  /// The source goes before the socket that it watches.
  deinit { source = nil }

  /// Accepts what waits, up to a turn's worth. Answers whether there was anything.
  @discardableResult
  package func accept() -> Bool {
    for count in 0..<floor.limits.accepts {
      let result = iommu_accept4(socket.descriptor.rawValue)
      switch -result {
      case ...0: welcome(OwnedDescriptor(owning: result))
      case EAGAIN: return count > 0
      case EMFILE, ENFILE:
        guard turnAway(Errno(-result)) else { return count > 0 }
      case EINTR, ECONNABORTED: continue
      default:
        complain(Errno(-result))
        return count > 0
      }
    }
    return true
  }

  private func welcome(_ descriptor: consuming OwnedDescriptor) {
    var peer = Peer(uid: .max)
    let status = unsafe iommu_peer_credentials(descriptor.rawValue, &peer.pid, &peer.uid, &peer.gid)
    // Whom the kernel does not name is nobody here.
    guard status >= 0 else {
      floor.closer.close(descriptor, for: .max)
      return complain(Errno(-status))
    }
    floor.open(descriptor, peer, role)
  }

  /// Accepts one connection with the spare descriptor, only to close it. Answers whether one was there.
  private func turnAway(_ errno: Errno) -> Bool {
    complain(errno)
    guard spare.take() != nil else {
      spare = Self.makeSpare()
      return false
    }
    let result = iommu_accept4(socket.descriptor.rawValue)
    if result >= 0 {
      var peer = Peer(uid: .max)
      _ = unsafe iommu_peer_credentials(result, &peer.pid, &peer.uid, &peer.gid)
      floor.closer.close(OwnedDescriptor(owning: result), for: peer.uid)
    }
    spare = Self.makeSpare()
    return result >= 0
  }

  private static func makeSpare() -> OwnedDescriptor? {
    let result = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    return result >= 0 ? OwnedDescriptor(owning: result) : nil
  }

  private func complain(_ errno: Errno) {
    floor.journal.log(
      .warning, .acceptFailed, "could not accept a connection: \(errno)", .errno(errno))
  }
}
