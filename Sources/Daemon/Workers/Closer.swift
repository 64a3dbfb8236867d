// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// Closes descriptors that came from clients: a socket with linger time, among others, makes its last holder
/// wait in close. The thread begins with the first of them. Any thread.
package final class Closer: @unchecked Sendable {
  private let lock = Lock()
  private let changed = Condition()
  // All below is guarded by the lock.
  private var waiting: [Int32] = []
  private var isStopping = false
  private var thread: Thread?

  package init() {}

  /// Takes over `descriptor` and closes it some time later.
  package func close(_ descriptor: consuming OwnedDescriptor) {
    lock.lock()
    defer { lock.unlock() }
    if thread == nil && !isStopping { thread = Thread { [self] in serve() } }
    guard thread != nil else { return }
    waiting.append(descriptor.release())
    changed.broadcast()
  }

  /// Ends the thread, which closes what waits first.
  package func stop() {
    lock.lock()
    isStopping = true
    changed.broadcast()
    let joined = thread
    thread = nil
    lock.unlock()
    joined?.join()
  }

  private func serve() {
    lock.lock()
    while true {
      if let next = waiting.popLast() {
        lock.unlock()
        // Linger off: what a refused socket still has to send is not ours to wait for.
        var none = linger(l_onoff: 0, l_linger: 0)
        _ = unsafe setsockopt(
          next, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
        _ = OwnedDescriptor(owning: next)
        lock.lock()
      } else if isStopping {
        break
      } else {
        changed.wait(lock)
      }
    }
    lock.unlock()
  }
}
