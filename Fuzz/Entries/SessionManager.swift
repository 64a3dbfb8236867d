// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire

/// A service manager that keeps descriptors for one daemon after the other. It hears what it is told when the session
/// lets it.
final class SessionManager {
  /// As in NOTIFY_SOCKET.
  let address: String
  private let socket: OwnedDescriptor
  private var kept: [(name: StoreName, descriptor: Int32)] = []

  init() {
    let number = Glibc.socket(
      AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    precondition(number >= 0, "no socket")
    socket = OwnedDescriptor(owning: number)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    // Nothing but the family: the kernel finds a name.
    let isBound = unsafe withUnsafeMutablePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(number, pointer, socklen_t(MemoryLayout<sa_family_t>.size)) == 0
          && getsockname(number, pointer, &length) == 0
      }
    }
    precondition(isBound, "no name")
    address = unsafe withUnsafeBytes(of: name.sun_path) { room in
      unsafe "@" + String(decoding: room[1..<(Int(length) - MemoryLayout<sa_family_t>.size)], as: UTF8.self)
    }
  }

  deinit { for entry in kept { close(entry.descriptor) } }

  /// Descriptors that are kept.
  var count: Int { kept.count }

  /// Takes in all that it was told.
  func hear() {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var numbers = [Int32](repeating: -1, count: Int(IOMMU_DESCRIPTORS_MAX))
    while true {
      var received = iommu_received()
      let count = unsafe iommu_receive(
        socket.rawValue, &bytes, UInt64(bytes.count), 0, &numbers, &received)
      guard count > 0 else { return }
      let fields = String(decoding: bytes[..<Int(count)], as: UTF8.self).split(separator: "\n")
      take(fields, Array(numbers.prefix(Int(received.count))))
    }
  }

  private func take(_ fields: [Substring], _ descriptors: [Int32]) {
    var left = descriptors[...]
    // A barrier's end goes with the message.
    defer { for descriptor in left { close(descriptor) } }
    let word = fields.first { $0.hasPrefix("FDNAME=") }?.dropFirst(7)
    guard let name = word.flatMap({ StoreName(String($0)) }) else { return }
    let place = kept.firstIndex { $0.name == name }
    if fields.contains("FDSTORE=1") {
      precondition(place == nil && fields.contains("FDPOLL=0"), "stored twice, or to be polled")
      guard let descriptor = left.popFirst() else { preconditionFailure("nothing is stored") }
      kept.append((name, descriptor))
    } else if fields.contains("FDSTOREREMOVE=1") {
      guard let place else { preconditionFailure("what is not stored is removed") }
      close(kept.remove(at: place).descriptor)
    }
  }

  /// What a daemon that starts now gets.
  func stored() -> [StoredDescriptor] {
    kept.map { StoredDescriptor($0.name, OwnedDescriptor(owning: fcntl($0.descriptor, F_DUPFD_CLOEXEC, 3))) }
  }
}
