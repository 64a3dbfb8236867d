// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// What a service makes of a request.
package enum Outcome<Value> {
  /// It is done.
  case done(Value)
  /// It takes longer than the loop may: a worker does the main part.
  case job(Job<Value>)
  /// It waits for others, without a thread.
  case parked(Parked<Value>)
}

/// The main part of a request for a worker, and what the loop does afterwards.
package struct Job<Value> {
  /// For a worker; to be called exactly once.
  package let work: @Sendable () -> Void
  /// For the loop, once `work` has returned: commits or undoes, and answers.
  package let finish: () throws(Failure) -> Value

  /// - Parameters:
  ///   - work: runs on any thread and touches nothing that is confined to the loop.
  ///   - finish: runs on the loop with what `work` answered.
  package init<Made: Sendable>(
    _ work: @escaping @Sendable () -> Made, then finish: @escaping (Made) throws(Failure) -> Value
  ) {
    let box = Box<Made>()
    self.work = { box.value = work() }
    self.finish = { () throws(Failure) in
      guard let made = box.value else {
        throw Failure(code: Failure.internalErrorCode, "a job was finished before it was done")
      }
      return try finish(made)
    }
  }

  /// Written by one worker before it tells the loop, and read by the loop after it was told.
  private final class Box<Made: Sendable>: @unchecked Sendable {
    var value: Made?
  }
}

/// A request that waits on the loop until others have let go of what it needs.
package struct Parked<Value> {
  /// How long it waits at most.
  package let milliseconds: UInt32
  /// Tried whenever something was let go: answers nil to wait on.
  package let attempt: () throws(Failure) -> Value?
  /// Takes back what was marked when it began to wait, and says why it failed.
  package let expire: () -> Failure

  package init(
    milliseconds: UInt32, attempt: @escaping () throws(Failure) -> Value?, expire: @escaping () -> Failure
  ) {
    self.milliseconds = milliseconds
    self.attempt = attempt
    self.expire = expire
  }
}
