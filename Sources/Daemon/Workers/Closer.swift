// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import Synchronization

/// Closes descriptors that came from clients, and the clients' own sockets: the last holder of some waits in close,
/// of a socket with linger time or a file of a file system that does not answer, and so does whoever closes a socket
/// that such descriptors still lie in. Any thread.
///
/// What one uid brought is closed by one thread at a time, so that nobody waits for another's. Threads begin when
/// they are needed; one stays.
package final class Closer: @unchecked Sendable {
  private struct Queue {
    var waiting: [Int32] = []
    /// Descriptors that are not closed yet, those in a thread's hand included.
    var count = 0
    /// A thread has some in hand, or it stands in ``turns``.
    var isServed = false
  }

  private let lock = Lock()
  private let changed = Condition()
  // All below is guarded by the lock.
  private var queues: [UInt32: Queue] = [:]
  /// Uids whose descriptors wait for a thread.
  private var turns: [UInt32] = []
  private var idle = 0
  private var threads = 0
  private var isStopping = false
  /// Descriptors of all uids that are not closed yet. Changed under the lock.
  private let count = Atomic<Int>(0)

  /// Threads at most.
  private static let threads = 32
  /// Descriptors of one uid that may wait before nothing more is received from it.
  private let each: Int
  /// Descriptors of all uids that may wait; each may have half of what the others leave.
  private let whole: Int

  package init(each: Int = 512, whole: Int = 4096) {
    self.each = each
    self.whole = whole
  }

  /// Takes over `descriptor`, which `uid` brought, and closes it some time later.
  package func close(_ descriptor: consuming OwnedDescriptor, for uid: UInt32) {
    lock.lock()
    if isStopping { return lock.unlock() }
    let number = descriptor.release()
    var queue = queues[uid] ?? Queue()
    queue.waiting.append(number)
    queue.count += 1
    count.add(1, ordering: .relaxed)
    if !queue.isServed {
      queue.isServed = true
      turns.append(uid)
    }
    queues[uid] = queue
    if turns.count > idle, threads < Self.threads, let thread = Thread({ [self] in serve() }) {
      threads += 1
      thread.detach()
    }
    let isAlone = threads == 0
    if idle > 0 { changed.broadcast() }
    lock.unlock()
    // The system gives no threads at all: late is better than never.
    if isAlone { serve() }
  }

  /// Whether so much that `uid` brought is still to be closed that it should bring no more.
  package func isBehind(_ uid: UInt32) -> Bool {
    if count.load(ordering: .relaxed) == 0 { return false }
    lock.lock()
    defer { lock.unlock() }
    guard let own = queues[uid]?.count else { return false }
    return own >= min(each, (whole - (count.load(ordering: .relaxed) - own)) / 2)
  }

  /// Closes what waits, for at most so long; what is not closed then goes with the process. Answers whether all
  /// is closed.
  @discardableResult
  package func stop(milliseconds: Int = 1000) -> Bool {
    lock.lock()
    defer { lock.unlock() }
    isStopping = true
    changed.broadcast()
    for _ in 0..<max(milliseconds / 10, 1) where threads > 0 { changed.wait(lock, milliseconds: 10) }
    return threads == 0
  }

  private func serve() {
    lock.lock()
    while true {
      if !turns.isEmpty {
        serve(turns.removeFirst())
      } else if isStopping || idle > 0 || threads == 0 {
        break
      } else {
        idle += 1
        changed.wait(lock)
        idle -= 1
      }
    }
    threads = max(threads - 1, 0)
    changed.broadcast()
    lock.unlock()
  }

  /// Closes what waits of `uid`. The lock is held before and afterwards.
  private func serve(_ uid: UInt32) {
    while let taken = queues[uid]?.waiting, !taken.isEmpty {
      queues[uid]?.waiting = []
      for number in taken {
        lock.unlock()
        Self.close(number)
        lock.lock()
        count.subtract(1, ordering: .relaxed)
        queues[uid]?.count -= 1
      }
    }
    queues[uid] = nil
  }

  private static func close(_ number: Int32) {
    // Linger off: what a refused socket still has to send is not ours to wait for.
    var none = linger(l_onoff: 0, l_linger: 0)
    _ = unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
    _ = OwnedDescriptor(owning: number)
  }
}
