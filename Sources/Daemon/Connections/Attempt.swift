// SPDX-License-Identifier: Apache-2.0

import IommuCore
import IommuWire

/// What cannot be destroyed while requests under way use it. Confined to the loop.
package protocol Busy: AnyObject {
  /// Requests under way.
  var inFlight: Int { get set }
  /// A request that was under way is done, and what it changed is in the books.
  func settled()
}

extension Busy {
  package func settled() {}
}

extension Outcome {
  /// Does `work` on the loop if it need not wait there, else the same on a worker in its waiting form.
  ///
  /// - Parameters:
  ///   - isLarge: known to be more than the loop does at once: not even tried there.
  ///   - busy: marked for as long as a worker has the work.
  ///   - work: throws ``Refusal/contended`` in its try-only form when it would have to wait, and has then
  ///     changed nothing. Runs once or twice.
  ///   - mayWait: asked before a worker is; without one the work is refused as `contended`.
  ///   - finish: runs once, on the loop.
  package static func attempt<Product: Sendable>(
    isLarge: Bool = false,
    busy: @autoclosure () -> [any Busy] = [],
    mayWait: @autoclosure () -> Bool = true,
    _ work: @escaping @Sendable (Waiting) throws(Refusal) -> Product,
    then finish: @escaping (Result<Product, Refusal>) throws(Failure) -> Value
  ) throws(Failure) -> Outcome<Value> {
    try attempt(isLarge: isLarge, busy: busy(), mayWait: mayWait(), work) {
      (result) throws(Failure) -> Outcome<Value> in .done(try finish(result))
    }
  }

  /// The same for what may go on as something else.
  package static func attempt<Product: Sendable>(
    isLarge: Bool = false,
    busy: @autoclosure () -> [any Busy] = [],
    mayWait: @autoclosure () -> Bool = true,
    _ work: @escaping @Sendable (Waiting) throws(Refusal) -> Product,
    next: @escaping (Result<Product, Refusal>) throws(Failure) -> Outcome<Value>
  ) throws(Failure) -> Outcome<Value> {
    if !isLarge {
      let tried: Result<Product, Refusal>
      do throws(Refusal) {
        tried = .success(try work(.tryOnly))
      } catch {
        tried = .failure(error)
      }
      // Contended: somebody holds a lock, or it is too much; a worker may wait.
      if case .failure(.contended) = tried {} else { return try next(tried) }
    }
    guard mayWait() else { return try next(.failure(.contended)) }
    return onWorker(.ordinary, busy: busy(), work, next: next)
  }

  /// As ``attempt(isLarge:busy:_:then:)``, for copies: what meets memory that may never answer
  /// (``Refusal/mayBlock``) goes to a worker that can be spared, and is patient there.
  package static func attemptCopy<Product: Sendable>(
    busy: @autoclosure () -> [any Busy] = [],
    mayWait: @autoclosure () -> Bool = true,
    _ work: @escaping @Sendable (Waiting, _ patient: Bool) throws(Refusal) -> Product,
    then finish: @escaping (Result<Product, Refusal>) throws(Failure) -> Value
  ) throws(Failure) -> Outcome<Value> {
    let tried: Result<Product, Refusal>
    do throws(Refusal) {
      tried = .success(try work(.tryOnly, false))
    } catch {
      tried = .failure(error)
    }
    switch tried {
    case .failure(.mayBlock) where !mayWait(), .failure(.contended) where !mayWait():
      return .done(try finish(.failure(.contended)))
    case .failure(.mayBlock):
      return patiently(busy: busy(), work, finish)
    case .failure(.contended):
      let marked = busy()
      return onWorker(.ordinary, busy: marked, { (waiting) throws(Refusal) in try work(waiting, false) }) {
        (result) throws(Failure) in
        if case .failure(.mayBlock) = result { return patiently(busy: marked, work, finish) }
        return .done(try finish(result))
      }
    default:
      return .done(try finish(tried))
    }
  }

  private static func patiently<Product: Sendable>(
    busy marked: [any Busy], _ work: @escaping @Sendable (Waiting, Bool) throws(Refusal) -> Product,
    _ finish: @escaping (Result<Product, Refusal>) throws(Failure) -> Value
  ) -> Outcome<Value> {
    onWorker(
      .endless, busy: marked, { (waiting) throws(Refusal) in try work(waiting, true) },
      next: { (result) throws(Failure) in .done(try finish(result)) })
  }

  private static func onWorker<Product: Sendable>(
    _ lane: Lane, busy marked: [any Busy],
    _ work: @escaping @Sendable (Waiting) throws(Refusal) -> Product,
    next: @escaping (Result<Product, Refusal>) throws(Failure) -> Outcome<Value>
  ) -> Outcome<Value> {
    for object in marked { object.inFlight += 1 }
    return .job(
      Job(
        lane: lane,
        { () -> Result<Product, Refusal> in
          do throws(Refusal) {
            return .success(try work(.wait))
          } catch {
            return .failure(error)
          }
        },
        next: { result throws(Failure) in
          for object in marked { object.inFlight -= 1 }
          defer { for object in marked { object.settled() } }
          return try next(result)
        }))
  }
}
