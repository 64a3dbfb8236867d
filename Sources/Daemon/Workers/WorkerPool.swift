// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// A few threads for what the loop must not do itself: work that pins, copies or walks much, or waits.
///
/// One uid gets at most half of them, at least one, and for what may never end only one; the uids that wait take
/// turns. Threads begin with the first work that needs them, and stay. ``submit(_:for:_:)`` and ``stop()`` are for the loop.
package final class WorkerPool: @unchecked Sendable {
  private struct Ticket {
    var work: any Work
    var number: UInt64
  }

  /// Tickets that wait, first come first.
  private struct Line {
    private var tickets: [Ticket] = []
    /// Tickets at the front that were taken out.
    private var taken = 0

    var first: Ticket? { taken == tickets.count ? nil : tickets[taken] }

    mutating func append(_ ticket: Ticket) { tickets.append(ticket) }

    mutating func removeFirst() {
      taken += 1
      if taken == tickets.count {
        tickets = []
        taken = 0
      }
    }
  }

  private struct Queue {
    private var ordinary = Line()
    private var endless = Line()
    var running = 0
    /// Whether work that may never end is among what runs.
    var runsEndless = false
    /// Whether the uid stands in ``turns``.
    var hasTurn = false

    var isEmpty: Bool { ordinary.first == nil && endless.first == nil }
    /// What may run next.
    var next: Ticket? {
      guard !runsEndless, let late = endless.first else { return ordinary.first }
      guard let first = ordinary.first else { return late }
      return first.number < late.number ? first : late
    }

    mutating func append(_ ticket: Ticket) {
      switch ticket.work.lane {
      case .ordinary: ordinary.append(ticket)
      case .endless: endless.append(ticket)
      }
    }

    mutating func begin(_ ticket: Ticket) {
      hasTurn = false
      running += 1
      switch ticket.work.lane {
      case .ordinary:
        ordinary.removeFirst()
      case .endless:
        endless.removeFirst()
        runsEndless = true
      }
    }

    mutating func end(_ ticket: Ticket) {
      running -= 1
      if ticket.work.lane == .endless { runsEndless = false }
    }
  }

  private let lock = Lock()
  private let changed = Condition()
  // All below is guarded by the lock.
  private var queues: [UInt32: Queue] = [:]
  /// Uids that have work waiting and may run some, in the order in which they get a worker.
  private var turns: [UInt32] = []
  private var idle = 0
  private var isStopping = false
  private var threads: [Thread] = []

  /// Workers at most.
  package let size: Int
  /// Told by a worker which work has run.
  private let done: Mailbox<UInt64>

  /// Workers that one uid may have at the same time.
  package var share: Int { max(1, size / 2) }

  /// - Parameter size: threads at most, at least 1.
  package init(size: Int, done: Mailbox<UInt64>) {
    precondition(size > 0)
    self.size = size
    self.done = done
  }

  /// 2 to 4, as there are processors.
  package static var usualSize: Int { min(4, max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Queues `work`, behind what this uid has queued. When it has run, `number` is posted.
  /// After ``stop()`` it is forgotten.
  func submit(_ work: any Work, for uid: UInt32, _ number: UInt64) {
    lock.lock()
    if isStopping { return lock.unlock() }
    if idle == 0 && threads.count < size, let thread = Thread({ [self] in serve() }) {
      threads.append(thread)
    }
    if threads.isEmpty {
      lock.unlock()
      // The system gives no threads at all: late is better than never.
      work.run()
      return done.send(number)
    }
    queues[uid, default: Queue()].append(Ticket(work: work, number: number))
    giveTurn(uid)
    changed.broadcast()
    lock.unlock()
  }

  /// Waits for what runs, forgets what waits, and ends all threads.
  package func stop() {
    lock.lock()
    isStopping = true
    queues = [:]
    turns = []
    changed.broadcast()
    let joined = threads
    threads = []
    lock.unlock()
    for thread in joined { thread.join() }
  }

  private func giveTurn(_ uid: UInt32) {
    guard let queue = queues[uid], queue.next != nil, !queue.hasTurn, queue.running < share else { return }
    queues[uid]?.hasTurn = true
    turns.append(uid)
  }

  /// What a worker does all its life.
  private func serve() {
    lock.lock()
    while !isStopping {
      guard !turns.isEmpty else {
        idle += 1
        changed.wait(lock)
        idle -= 1
        continue
      }
      let uid = turns.removeFirst()
      guard let ticket = queues[uid]?.next else { continue }
      queues[uid]?.begin(ticket)
      giveTurn(uid)
      lock.unlock()
      ticket.work.run()
      done.send(ticket.number)
      lock.lock()
      queues[uid]?.end(ticket)
      giveTurn(uid)
      if let queue = queues[uid], queue.isEmpty, queue.running == 0 { queues[uid] = nil }
    }
    lock.unlock()
  }
}
