// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuWire

/// Tells the service manager things, in their order, and never waits for it: what it does not take now is kept and
/// sent once it takes more. Confined to the loop.
package final class Notifier {
  /// What a message is about. As long as it has not been sent it can be replaced or taken back.
  package enum Topic: Hashable {
    case status, watchdog
    case object(StoreName)
  }

  private struct Message {
    let number: UInt64
    let text: String
    let topic: Topic?
    /// Open until the message has been sent.
    let descriptor: DescriptorBatch?
  }

  /// Microseconds until something is tried again that failed for another reason than that the manager is slow.
  private static let pause: UInt64 = 100_000

  private let address: String
  private let loop: EventLoop
  private let journal: Journal
  private var socket: OwnedDescriptor?
  /// There while the socket takes nothing.
  private var room: IOSource?
  private var retry: TimerSource?
  private var waiting: [Message] = []
  /// The number of the message that was given last.
  package private(set) var lastNumber: UInt64 = 0
  /// Released when everything is sent that had to wait.
  package let allSent = WaitList()
  private var hasComplained = false

  /// - Parameter address: the path of a datagram socket, or `@` and an abstract name.
  package init(_ loop: EventLoop, address: String, journal: Journal) throws(Errno) {
    self.loop = loop
    self.address = address
    self.journal = journal
    retry = try TimerSource(loop) { [unowned self] in flush() }
  }

  /// The source goes before the socket that it watches.
  deinit { room = nil }

  /// The socket of the service manager that started this process; nil without one.
  package static var ownAddress: String? {
    guard let value = unsafe getenv("NOTIFY_SOCKET") else { return nil }
    let address = unsafe String(cString: value)
    return address.isEmpty ? nil : address
  }

  /// Messages that wait to be sent.
  package var waitingCount: Int { waiting.count }

  /// Whether the message of that number and all before it are sent: they reach the manager whatever becomes of this
  /// process.
  package func hasSent(_ number: UInt64) -> Bool { waiting.first.map { number < $0.number } ?? true }

  /// Sends `text` after all that was said before. One with the same topic that waits is replaced, in its place.
  package func send(_ text: String, about topic: Topic? = nil) {
    if let topic, let index = waiting.firstIndex(where: { $0.topic == topic }) {
      waiting[index] = Message(number: waiting[index].number, text: text, topic: topic, descriptor: nil)
      return
    }
    lastNumber += 1
    if waiting.isEmpty, attempt(text, -1) == .sent { return }
    keep(Message(number: lastNumber, text: text, topic: topic, descriptor: nil))
  }

  /// The same with a descriptor, which the caller may close at once.
  ///
  /// - Throws: when the message has to wait, and there is no descriptor left for that.
  package func send(_ text: String, with descriptor: Int32, about topic: Topic? = nil) throws(Errno) {
    lastNumber += 1
    if waiting.isEmpty, attempt(text, descriptor) == .sent { return }
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw Errno.current }
    keep(
      Message(number: lastNumber, text: text, topic: topic, descriptor: DescriptorBatch(owning: [copy])))
  }

  /// Forgets the message about `topic` that waits. Answers whether there was one.
  package func takeBack(_ topic: Topic) -> Bool {
    guard let index = waiting.firstIndex(where: { $0.topic == topic }) else { return false }
    waiting.remove(at: index)
    if waiting.isEmpty { allSent.release() }
    return true
  }

  // MARK: Sending

  private enum Attempt {
    case sent, blocked, failed
  }

  private func keep(_ message: Message) {
    waiting.append(message)
    if waiting.count == 1 { flush() }
  }

  /// Sends what the manager takes, and comes back for the rest.
  private func flush() {
    var sent = 0
    defer {
      waiting.removeFirst(sent)
      if waiting.isEmpty { allSent.release() }
    }
    while sent < waiting.count {
      let message = waiting[sent]
      switch attempt(message.text, message.descriptor?.number(0) ?? -1) {
      case .sent: sent += 1
      case .blocked: return awaitRoom()
      case .failed:
        forgetRoom()
        retry?.set(after: Self.pause)
        return
      }
    }
    forgetRoom()
  }

  private func forgetRoom() {
    // The one whose handler this is lives until the end of it: by then another file may have the socket's number.
    room?.isEnabled = false
    room = nil
  }

  private func awaitRoom() {
    guard room == nil else { return }
    if let number = socket?.rawValue {
      room = try? IOSource(loop, number, .writable) { [unowned self] _ in flush() }
    }
    if room == nil { retry?.set(after: Self.pause) }
  }

  private func attempt(_ text: String, _ descriptor: Int32) -> Attempt {
    if let number = connected() {
      let count: Int32 = descriptor >= 0 ? 1 : 0
      var text = text
      let status = text.withUTF8 { bytes in
        unsafe withUnsafePointer(to: descriptor) { descriptor in
          unsafe iommu_send(number, bytes.baseAddress, UInt64(bytes.count), 0, descriptor, count)
        }
      }
      if status >= 0 {
        hasComplained = false
        return .sent
      }
      if status == -Int64(EAGAIN) { return .blocked }
      complain(Errno(Int32(truncatingIfNeeded: -status)))
    }
    // Whoever listened there may have gone, and somebody else come.
    forgetRoom()
    socket = nil
    return .failed
  }

  private func connected() -> Int32? {
    if let number = socket?.rawValue { return number }
    let status = unsafe address.withCString { unsafe iommu_connect_datagrams($0) }
    guard status >= 0 else {
      complain(Errno(-status))
      return nil
    }
    socket = OwnedDescriptor(owning: status)
    return status
  }

  private func complain(_ errno: Errno) {
    guard !hasComplained else { return }
    hasComplained = true
    journal.log(
      .warning, .notifyFailed, "cannot reach the service manager, will try again: \(errno)", .errno(errno))
  }
}
