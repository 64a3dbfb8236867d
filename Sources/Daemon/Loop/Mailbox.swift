// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// Carries messages from any thread to the loop.
package final class Mailbox<Message: Sendable>: @unchecked Sendable {
  private let lock = Lock()
  private var messages: [Message] = []
  private let bell: OwnedDescriptor

  package init() throws(Errno) {
    let result = iommu_eventfd(0, Int32(O_CLOEXEC | O_NONBLOCK))
    guard result >= 0 else { throw Errno(-result) }
    bell = OwnedDescriptor(owning: result)
  }

  /// Any thread.
  package func send(_ message: Message) {
    lock.lock()
    let isFirst = messages.isEmpty
    messages.append(message)
    lock.unlock()
    guard isFirst else { return }
    var one: UInt64 = 1
    _ = unsafe write(bell.rawValue, &one, MemoryLayout<UInt64>.size)
  }

  /// The descriptor that is readable when there are messages.
  package var readiness: Int32 { bell.rawValue }

  /// Takes all messages out, in the order in which they came.
  package func take() -> [Message] {
    var count: UInt64 = 0
    _ = unsafe read(bell.rawValue, &count, MemoryLayout<UInt64>.size)
    lock.lock()
    defer { lock.unlock() }
    let taken = messages
    messages = []
    return taken
  }
}
