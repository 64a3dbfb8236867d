// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// The loop's side of the workers: hands work out and goes on when it has run. Confined to the loop.
package final class Workshop {
  private let pool: WorkerPool
  private let done: Mailbox<UInt64>
  private var bell: IOSource?
  private var last: UInt64 = 0
  /// What goes on when the work of a number has run.
  private var continuations: [UInt64: () -> Void] = [:]

  /// - Parameter workers: threads at most.
  package init(_ loop: EventLoop, workers: Int = WorkerPool.usualSize) throws(Errno) {
    done = try Mailbox()
    pool = WorkerPool(size: workers, done: done)
    bell = try IOSource(loop, done.readiness, .readable) { [unowned self] _ in collect() }
  }

  /// The source goes before the descriptor that it watches.
  deinit { bell = nil }

  /// Has a worker run `work` at the expense of `uid`, and then the loop `next`.
  func run(_ work: any Work, for uid: UInt32, then next: @escaping () -> Void) {
    last += 1
    continuations[last] = next
    pool.submit(work, for: uid, last)
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

  private func collect() {
    for number in done.take() { continuations.removeValue(forKey: number)?() }
  }

  /// Waits for the work that runs now, finishes it, and forgets the rest.
  package func stop() {
    changed = {}
    pool.stop()
    collect()
    continuations = [:]
  }
}
