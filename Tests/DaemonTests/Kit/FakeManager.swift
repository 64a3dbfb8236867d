// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// The socket at which a service manager listens, read by the test.
final class FakeManager: Sendable {
  struct Message {
    let text: String
    let descriptors: DescriptorBatch?

    var lines: [Substring] { text.split(separator: "\n") }
    /// The value of a line `name=value`.
    func value(_ name: String) -> String? {
      lines.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
  }

  /// As in NOTIFY_SOCKET.
  let address: String
  private let socket: OwnedDescriptor

  /// - Parameter path: a path that nobody has; nil for an abstract name.
  init(path: String? = nil) throws {
    let number = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    try #require(number >= 0)
    socket = OwnedDescriptor(owning: number)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array((path ?? "").utf8)
    unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: bytes) }
    // Nothing but the family: the kernel finds an abstract name.
    let length = path == nil ? MemoryLayout<sa_family_t>.size : MemoryLayout<sockaddr_un>.size
    var found = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(number, pointer, socklen_t(length)) == 0
          && getsockname(number, pointer, &found) == 0
      }
    }
    try #require(isBound)
    let text = unsafe withUnsafeBytes(of: name.sun_path) { room in
      unsafe String(decoding: room[1..<(Int(found) - MemoryLayout<sa_family_t>.size)], as: UTF8.self)
    }
    address = path ?? "@" + text
  }

  /// The next message; nil when there is none and `wait` is false, or when nobody sends any more.
  func next(wait: Bool = false) -> Message? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var numbers = [Int32](repeating: -1, count: Int(IOMMU_DESCRIPTORS_MAX))
    var received = iommu_received()
    let count = unsafe iommu_receive(
      socket.rawValue, &bytes, UInt64(bytes.count), wait ? 1 : 0, &numbers, &received)
    guard count > 0 else { return nil }
    let text = String(decoding: bytes[..<Int(count)], as: UTF8.self)
    let batch =
      received.count > 0 ? DescriptorBatch(owning: Array(numbers.prefix(Int(received.count)))) : nil
    return Message(text: text, descriptors: batch)
  }

  /// Reads all that waits.
  func all() -> [Message] {
    var messages: [Message] = []
    while let message = next() { messages.append(message) }
    return messages
  }

  /// Has the next message be `text`, behind all that was sent before.
  func say(_ text: String) {
    var name = sockaddr_un()
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let bytes = Array(text.utf8)
    let sent = unsafe withUnsafeMutablePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe getsockname(socket.rawValue, pointer, &length) == 0
          && sendto(socket.rawValue, bytes, bytes.count, 0, pointer, length) == bytes.count
      }
    }
    #expect(sent)
  }

  /// Has whoever waits in ``next(wait:)`` go.
  func end() { shutdown(socket.rawValue, Int32(SHUT_RDWR)) }
}

/// A service manager of its own thread that keeps descriptors as systemd does, for daemons that come and go.
final class StoreKeeper: @unchecked Sendable {
  let manager: FakeManager
  private let lock = Lock()
  // All guarded by the lock.
  private var kept: [(name: StoreName, descriptor: Int32)] = []
  private var texts: [String] = []
  private var ignoresRemovals = false
  private var gate: Gate?
  /// Nil where barriers pass as they come.
  private var held: [DescriptorBatch]?
  private var thread: Thread?

  init() throws {
    manager = try FakeManager()
    thread = Thread { [self] in
      while let message = manager.next(wait: true) {
        locked { gate }?.pass()
        take(message)
      }
    }
    try #require(thread != nil)
  }

  deinit { for entry in kept { close(entry.descriptor) } }

  /// Ends the thread. To be called by whoever made this.
  func end() {
    manager.end()
    thread?.join()
    thread = nil
  }

  /// All that was said.
  var said: [String] { locked { texts } }
  var names: [String] { locked { kept.map(\.name.text) } }

  /// Has a daemon to come tell this one, and hands it what was kept.
  func adopt(_ options: inout Daemon.Options) throws {
    hear()
    options.notifyAddress = manager.address
    options.stored = try locked {
      try kept.map { entry in
        let copy = fcntl(entry.descriptor, F_DUPFD_CLOEXEC, 3)
        try #require(copy >= 0)
        return StoredDescriptor(entry.name, OwnedDescriptor(owning: copy))
      }
    }
  }

  /// Returns when all that was sent before was heard.
  func hear() {
    let marks = locked { texts.count { $0 == "MARK=1" } }
    manager.say("MARK=1")
    while locked({ texts.count { $0 == "MARK=1" } }) == marks { sched_yield() }
  }

  /// Lets go of what nobody said it should.
  func lose(_ isLost: (String) -> Bool) {
    locked {
      for entry in kept where isLost(entry.name.text) { close(entry.descriptor) }
      kept.removeAll { isLost($0.name.text) }
    }
  }

  /// Lets nothing go from now on, as if each daemon had been killed before it said so.
  func keepEverything(_ isSo: Bool = true) { locked { ignoresRemovals = isSo } }

  /// Has time for nothing until the gate is open.
  func waitAt(_ gate: Gate) { locked { self.gate = gate } }

  /// Changes one byte of the log that came first.
  func damage(at offset: Int) throws {
    try locked {
      let log = try #require(kept.first { $0.name.text.hasPrefix("l") })
      var byte: UInt8 = 0
      #expect(unsafe pread(log.descriptor, &byte, 1, offset) == 1)
      byte ^= 0x40
      #expect(unsafe pwrite(log.descriptor, &byte, 1, offset) == 1)
    }
  }

  /// Puts a byte into the only log.
  func write(_ byte: UInt8, at offset: Int) throws {
    try locked {
      let log = try #require(kept.first { $0.name.text.hasPrefix("l") })
      var byte = byte
      #expect(unsafe pwrite(log.descriptor, &byte, 1, offset) == 1)
    }
  }

  private func locked<R>(_ body: () throws -> R) rethrows -> R {
    lock.lock()
    defer { lock.unlock() }
    return try body()
  }

  private func take(_ message: FakeManager.Message) {
    locked {
      texts.append(message.text)
      guard let name = message.value("FDNAME").flatMap(StoreName.init) else { return }
      if message.value("FDSTORE") == "1", let descriptor = message.descriptors?.take(0) {
        kept.append((name, descriptor.release()))
      } else if message.value("FDSTOREREMOVE") == "1", !ignoresRemovals {
        for entry in kept where entry.name == name { close(entry.descriptor) }
        kept.removeAll { $0.name == name }
      }
    }
    // A barrier's end goes with the message.
    locked { if message.value("BARRIER") != nil, let end = message.descriptors { held?.append(end) } }
  }

  /// From now on no barrier passes, or again each does, those that were held too.
  func holdBarriers(_ holds: Bool) { locked { held = holds ? [] : nil } }
}
