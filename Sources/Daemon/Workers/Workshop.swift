// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// The loop's side of the workers: hands work out and goes on when it has run. Confined to the loop.
package final class Workshop {
  package let pool: WorkerPool
  private let done: Mailbox<UInt64>
  private var bell: IOSource?
  private var last: UInt64 = 0
  /// What goes on when the work of a number has run.
  private var continuations: [UInt64: () -> Void] = [:]
  /// Numbers of work that has run and was not gone on with.
  private var returned: [UInt64] = []
  private var post: PostSource?
  private let journal: Journal?
  /// Looks for workers that do not come back while there is work.
  private var patrol: TimerSource?
  /// Microseconds after which a worker counts as stuck.
  private let patience: UInt64

  /// - Parameters:
  ///   - workers: threads at most.
  ///   - patience: microseconds for one piece of work; who needs more is stuck.
  package init(
    _ loop: EventLoop, workers: Int = WorkerPool.usualSize, patience: UInt64 = 10_000_000,
    journal: Journal? = nil
  ) throws(Errno) {
    done = try Mailbox()
    pool = WorkerPool(size: workers, done: done)
    self.patience = patience
    self.journal = journal
    bell = try IOSource(loop, done.readiness, .readable) { [unowned self] _ in collect() }
    post = PostSource(loop, isLate: true) { [unowned self] in goOn(until: Monotonic.microseconds + 200) }
    patrol = try TimerSource(loop, accuracy: patience / 4) { [unowned self] in look() }
  }

  /// The source goes before the descriptor that it watches.
  deinit { bell = nil }

  /// Has a worker run `work` at the expense of `uid`, and then the loop `next`.
  ///
  /// - Parameter label: what it is, for the journal.
  func run(
    _ work: any Work, for uid: UInt32, _ label: StaticString = "background work",
    then next: @escaping () -> Void
  ) {
    last += 1
    continuations[last] = next
    pool.submit(work, for: uid, last, label)
    if let patrol, !patrol.isSet { patrol.set(after: patience / 2) }
  }

  /// Runs a job that belongs to no request, at the expense of `uid`. What it throws nobody hears.
  package func runInBackground(_ uid: UInt32, _ job: Job<Void>) {
    run(job.work, for: uid) { [unowned self] in
      if case .job(let next) = try? job.finish() { runInBackground(uid, next) }
    }
  }

  /// Called after work was finished.
  var changed: () -> Void = {}

  /// Pieces of work that were handed out and are not finished.
  package var count: Int { continuations.count }

  private func look() {
    for late in pool.findStuck(patience) {
      journal?.log(
        .warning, .workerStuck,
        "a worker has been at one piece of work for \(late.microseconds / 1000) ms and was replaced; "
          + "uid \(late.uid) gets no other until it comes back",
        .method("\(late.label)"), .uid(late.uid))
    }
    if count > 0 { patrol?.set(after: patience / 2) }
  }

  private func collect() {
    returned += done.take()
    goOn(until: Monotonic.microseconds + 200)
  }

  /// Goes on with what has come back, for so long; others have their turn before the rest.
  private func goOn(until end: UInt64) {
    var count = 0
    for number in returned {
      count += 1
      continuations.removeValue(forKey: number)?()
      if Monotonic.microseconds >= end { break }
    }
    returned.removeFirst(count)
    if !returned.isEmpty { post?.post() }
  }

  /// Waits for the work that runs now, for at most so long, finishes it, and forgets the rest.
  package func stop(milliseconds: Int = 10_000) {
    changed = {}
    patrol?.cancel()
    pool.stop(milliseconds: milliseconds)
    returned += done.take()
    goOn(until: .max)
    continuations = [:]
  }
}
