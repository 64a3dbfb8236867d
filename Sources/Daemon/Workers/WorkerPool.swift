// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// A few threads for what the loop must not do itself: work that pins, copies or walks much, or waits.
///
/// One uid gets at most half of them, at least one, and for what may never end only one; the uids that wait take
/// turns. Threads begin with the first work that needs them, and stay. A worker that does not come back is replaced, and its uid gets no other
/// until it does: a client can have a worker wait for what never answers. For the loop, but for what workers do.
package final class WorkerPool: @unchecked Sendable {
  private struct Ticket {
    var work: any Work
    var number: UInt64
    var label: StaticString
  }

  /// What one worker is at.
  private struct Run {
    var uid: UInt32
    var label: StaticString
    var since: UInt64
    var isStuck = false
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
    /// Of these, workers that do not come back.
    var stuck = 0
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

    mutating func forgetTickets() {
      ordinary = Line()
      endless = Line()
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
  private var runs: [UInt64: Run] = [:]
  private var idle = 0
  private var threads = 0
  private var stuck = 0
  private var isStopping = false

  /// Workers at most, not counting those that are stuck.
  package let size: Int
  /// Told by a worker which work has run.
  private let done: Mailbox<UInt64>

  /// Workers that one uid may have at the same time.
  package var share: Int { max(1, size / 2) }
  /// Stuck workers that are replaced at most.
  private static let replacements = 64

  /// - Parameter size: threads at most, at least 1.
  package init(size: Int, done: Mailbox<UInt64>) {
    precondition(size > 0)
    self.size = size
    self.done = done
  }

  /// 2 to 4, as there are processors.
  package static var usualSize: Int { min(4, max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// Queues `work`, behind what this uid has queued. When it has run, `number` is posted.
  /// After ``stop(milliseconds:)`` it is forgotten.
  func submit(_ work: any Work, for uid: UInt32, _ number: UInt64, _ label: StaticString = "") {
    lock.lock()
    if isStopping { return lock.unlock() }
    queues[uid, default: Queue()].append(Ticket(work: work, number: number, label: label))
    giveTurn(uid)
    hire()
    if threads == 0 {
      queues[uid] = nil
      turns = []
      lock.unlock()
      // The system gives no threads at all: late is better than never.
      work.run()
      return done.send(number)
    }
    changed.broadcast()
    lock.unlock()
  }

  /// Begins a thread if there is work for it. The lock is held.
  private func hire() {
    guard turns.count > idle, threads < size + min(stuck, Self.replacements),
      let thread = Thread({ [self] in serve() })
    else { return }
    thread.detach()
    threads += 1
  }

  /// A worker that has been at one piece of work for too long, or was and has come back.
  struct Late {
    var uid: UInt32
    var label: StaticString
    /// Since it began.
    var microseconds: UInt64
  }

  /// Finds workers that have been at one piece of work for more than `bound` microseconds and were not before.
  func findStuck(_ bound: UInt64) -> [Late] {
    lock.lock()
    defer { lock.unlock() }
    let now = Monotonic.microseconds
    var found: [Late] = []
    for (number, run) in runs where !run.isStuck && now > run.since + bound {
      runs[number]?.isStuck = true
      queues[run.uid]?.stuck += 1
      stuck += 1
      found.append(Late(uid: run.uid, label: run.label, microseconds: now - run.since))
      if let place = turns.firstIndex(of: run.uid) {
        turns.remove(at: place)
        queues[run.uid]?.hasTurn = false
      }
      hire()
    }
    return found
  }

  /// Whether a worker has not come back from work of `uid`. It gets no other until that one does: what is queued waits
  /// on, and what is new should be refused. Any thread.
  package func isStuck(_ uid: UInt32) -> Bool {
    lock.lock()
    defer { lock.unlock() }
    return (queues[uid]?.stuck ?? 0) > 0
  }

  /// Workers that have not come back.
  var stuckCount: Int {
    lock.lock()
    defer { lock.unlock() }
    return stuck
  }

  /// Waits for what runs, for at most so long, forgets what waits, and ends all threads. Answers whether all have
  /// ended: what a stuck one holds must not be let go of.
  @discardableResult
  package func stop(milliseconds: Int = 10_000) -> Bool {
    lock.lock()
    defer { lock.unlock() }
    isStopping = true
    for uid in queues.keys { queues[uid]?.forgetTickets() }
    turns = []
    changed.broadcast()
    for _ in 0..<max(milliseconds / 10, 1) where threads > min(stuck, threads) {
      changed.wait(lock, milliseconds: 10)
    }
    return threads == 0
  }

  private func giveTurn(_ uid: UInt32) {
    guard let queue = queues[uid], queue.next != nil, !queue.hasTurn, queue.stuck == 0, queue.running < share
    else { return }
    queues[uid]?.hasTurn = true
    turns.append(uid)
  }

  /// What a worker does all its life.
  private func serve() {
    // The loop goes first, where the system lets us say so.
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
    lock.lock()
    // One that was replaced is one too many when it comes back.
    while !isStopping, threads <= size + min(stuck, Self.replacements) {
      guard !turns.isEmpty else {
        idle += 1
        changed.wait(lock)
        idle -= 1
        continue
      }
      serve(turns.removeFirst())
    }
    threads -= 1
    changed.broadcast()
    lock.unlock()
  }

  /// Does one piece of work of `uid`. The lock is held before and afterwards.
  private func serve(_ uid: UInt32) {
    guard let ticket = queues[uid]?.next else { return }
    queues[uid]?.begin(ticket)
    giveTurn(uid)
    runs[ticket.number] = Run(uid: uid, label: ticket.label, since: Monotonic.microseconds)
    lock.unlock()
    ticket.work.run()
    lock.lock()
    // Before anybody hears of it, so that the uid's next work is not refused.
    if runs.removeValue(forKey: ticket.number)?.isStuck == true {
      stuck -= 1
      queues[uid]?.stuck -= 1
    }
    queues[uid]?.end(ticket)
    giveTurn(uid)
    if let queue = queues[uid], queue.isEmpty, queue.running == 0 { queues[uid] = nil }
    done.send(ticket.number)
  }
}
