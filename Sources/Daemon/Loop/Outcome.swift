// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// What a service makes of a request.
package enum Outcome<Value> {
  /// It is done.
  case done(Value)
  /// It takes longer than the loop may: a worker does the main part, and meanwhile the connection executes
  /// nothing else.
  case job(Job<Value>)
  /// It waits for others, without a thread.
  case parked(Parked<Value>)
}

extension Outcome {
  /// Goes on with what this one comes to.
  ///
  /// - Parameter failed: called once when it comes to nothing, be it here or in `next`.
  func then<Next>(
    _ next: @escaping (Value) throws(Failure) -> Outcome<Next>, failed: @escaping () -> Void
  ) throws(Failure) -> Outcome<Next> {
    switch self {
    case .done(let value):
      return try orElse(failed) { () throws(Failure) in try next(value) }
    case .job(let job):
      return .job(Job(job, then: next, failed: failed))
    case .parked(let parked):
      return .parked(
        Parked(
          on: parked.list, milliseconds: parked.milliseconds,
          attempt: { () throws(Failure) in
            let outcome = try orElse(failed) { () throws(Failure) in try parked.attempt() }
            return try outcome?.then(next, failed: failed)
          },
          expire: {
            failed()
            return parked.expire()
          }))
    }
  }
}

/// What `body` answers; calls `failed` when it throws.
private func orElse<R>(_ failed: () -> Void, _ body: () throws(Failure) -> R) throws(Failure) -> R {
  do throws(Failure) {
    return try body()
  } catch {
    failed()
    throw error
  }
}

/// The main part of a request for a worker, and what the loop does afterwards.
package struct Job<Value> {
  /// For a worker; to be run exactly once.
  let work: any Work
  /// What the work may do to its worker.
  package var lane: Lane { work.lane }
  /// For the loop, once `work` has run: commits or undoes, and answers.
  let finish: () throws(Failure) -> Outcome<Value>

  /// - Parameters:
  ///   - lane: what the work may do to its worker.
  ///   - work: runs on any thread and touches nothing that is confined to the loop. What it holds is let
  ///     go of there.
  ///   - finish: runs on the loop with what `work` answered, also when the client is gone by then: the place
  ///     to put things into tables and to take busy marks away.
  package init<Made: Sendable>(
    lane: Lane = .ordinary, _ work: @escaping @Sendable () -> Made,
    then finish: @escaping (Made) throws(Failure) -> Value
  ) {
    self.init(lane: lane, work, next: { made throws(Failure) in .done(try finish(made)) })
  }

  /// A job that may go on as another one, so that long work is cut into pieces and others get their turn.
  ///
  /// - Parameter next: as `finish`.
  package init<Made: Sendable>(
    lane: Lane = .ordinary, _ work: @escaping @Sendable () -> Made,
    next: @escaping (Made) throws(Failure) -> Outcome<Value>
  ) {
    let cell = WorkCell(lane, work)
    self.work = cell
    finish = { () throws(Failure) in
      guard let made = cell.takeProduct() else {
        throw Failure(code: Failure.internalErrorCode, "a job was finished before it was done")
      }
      return try next(made)
    }
  }
}

extension Job {
  /// The same work, with more to do behind it.
  fileprivate init<Earlier>(
    _ job: Job<Earlier>, then next: @escaping (Earlier) throws(Failure) -> Outcome<Value>,
    failed: @escaping () -> Void
  ) {
    work = job.work
    finish = { () throws(Failure) in
      let outcome = try orElse(failed) { () throws(Failure) in try job.finish() }
      return try outcome.then(next, failed: failed)
    }
  }
}

/// A request that waits on the loop until others have let go of what it needs.
package struct Parked<Value> {
  /// What is waited for: each release of it is an attempt.
  package let list: WaitList
  /// How long it waits at most.
  package let milliseconds: UInt32
  /// Tried whenever something was let go: answers nil to wait on.
  package let attempt: () throws(Failure) -> Outcome<Value>?
  /// Takes back what was marked when it began to wait, and says why it failed. Called when the time is up,
  /// and when the client has gone.
  package let expire: () -> Failure

  package init(
    on list: WaitList, milliseconds: UInt32, attempt: @escaping () throws(Failure) -> Outcome<Value>?,
    expire: @escaping () -> Failure
  ) {
    self.list = list
    self.milliseconds = milliseconds
    self.attempt = attempt
    self.expire = expire
  }
}
