// SPDX-License-Identifier: Apache-2.0

import IommuCore
import IommuWire

extension Context {
  /// ``Outcome/attempt(isLarge:busy:_:then:)`` in this context: it counts as busy too, and afterwards it knows
  /// what the engine has let go of.
  func attempt<Product: Sendable, Value>(
    isLarge: Bool = false, busy: @autoclosure () -> [any Busy] = [],
    _ work: @escaping @Sendable (Waiting) throws(Refusal) -> Product,
    then finish: @escaping (Result<Product, Refusal>) throws(Failure) -> Value
  ) throws(Failure) -> Outcome<Value> {
    try attempt(isLarge: isLarge, busy: busy(), work) { (result) throws(Failure) -> Outcome<Value> in
      .done(try finish(result))
    }
  }

  /// The same for what may go on as something else.
  func attempt<Product: Sendable, Value>(
    isLarge: Bool = false, busy: @autoclosure () -> [any Busy] = [],
    _ work: @escaping @Sendable (Waiting) throws(Refusal) -> Product,
    next: @escaping (Result<Product, Refusal>) throws(Failure) -> Outcome<Value>
  ) throws(Failure) -> Outcome<Value> {
    try Outcome.attempt(isLarge: isLarge, busy: busy() + [self], mayWait: account.mayHaveWorker, work) {
      (result) throws(Failure) in
      try self.settling { () throws(Failure) in try next(result) }
    }
  }

  /// ``Outcome/attemptCopy(busy:_:then:)`` in this context.
  func attemptCopy<Product: Sendable, Value>(
    busy: @autoclosure () -> [any Busy] = [],
    _ work: @escaping @Sendable (Waiting, _ patient: Bool) throws(Refusal) -> Product,
    then finish: @escaping (Result<Product, Refusal>) throws(Failure) -> Value
  ) throws(Failure) -> Outcome<Value> {
    try Outcome.attemptCopy(busy: busy() + [self], mayWait: account.mayHaveWorker, work) {
      (result) throws(Failure) in
      defer { self.settle() }
      return try finish(result)
    }
  }
}

extension Optional where Wrapped == UInt32 {
  /// How many items a list call answers at most.
  func items(field: String = "limit") throws(Failure) -> Int {
    guard let self else { return Int(WireLimit.defaultItems) }
    guard self > 0 else { throw Failure(.einval, "a list of 0 items was asked for", field: field) }
    return Int(Swift.min(self, WireLimit.maximumItems))
  }
}

extension Job {
  /// Does the worker's part; once, and before ``finished()``.
  package func runWork() { work.run() }
  /// Does the loop's part.
  package func finished() throws(Failure) -> Outcome<Value> { try finish() }
}

extension Outcome {
  /// The answer, with jobs done on the spot by the calling thread: for callers that are no loop, such as tests.
  ///
  /// - Throws: EAGAIN for what is parked.
  package func awaited() throws(Failure) -> Value {
    var outcome = self
    while true {
      switch outcome {
      case .done(let value):
        return value
      case .job(let job):
        job.work.run()
        outcome = try job.finish()
      case .parked:
        throw Failure(.eagain, "the request waits for others")
      }
    }
  }
}
