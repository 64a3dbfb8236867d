// SPDX-License-Identifier: Apache-2.0

import IommuCore
import IommuWire

/// What cannot be destroyed while requests under way use it. Confined to the loop.
package protocol Busy: AnyObject {
  /// Requests under way.
  var inFlight: Int { get set }
}

extension Outcome {
  /// Does `work` on the loop if it need not wait there, else the same on a worker in its waiting form.
  ///
  /// - Parameters:
  ///   - isLarge: known to be more than the loop does at once: not even tried there.
  ///   - busy: marked for as long as a worker has the work.
  ///   - work: throws ``Refusal/contended`` in its try-only form when it would have to wait, and has then
  ///     changed nothing. Runs once or twice.
  ///   - finish: runs once, on the loop; never with `contended`.
  package static func attempt<Product: Sendable>(
    isLarge: Bool = false,
    busy: @autoclosure () -> [any Busy] = [],
    _ work: @escaping @Sendable (Waiting) throws(Refusal) -> Product,
    then finish: @escaping (Result<Product, Refusal>) throws(Failure) -> Value
  ) throws(Failure) -> Outcome<Value> {
    if !isLarge {
      let tried: Result<Product, Refusal>
      do throws(Refusal) {
        tried = .success(try work(.tryOnly))
      } catch {
        tried = .failure(error)
      }
      // Contended: somebody holds a lock, or it is too much; a worker may wait.
      if case .failure(.contended) = tried {} else { return .done(try finish(tried)) }
    }
    let marked = busy()
    for object in marked { object.inFlight += 1 }
    return .job(
      Job(
        { () -> Result<Product, Refusal> in
          do throws(Refusal) {
            return .success(try work(.wait))
          } catch {
            return .failure(error)
          }
        },
        then: { result throws(Failure) in
          for object in marked { object.inFlight -= 1 }
          return try finish(result)
        }))
  }
}
