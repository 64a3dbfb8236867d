// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Long work of the loop, cut into pieces so that others get their turn in between.
enum Pieces {
  /// Things done at once: a hundred microseconds or two.
  static let size = 128
}

extension Outcome {
  /// Does `body` on the loop for every number below `count`, in order, and goes on with `next`.
  ///
  /// - Parameters:
  ///   - busy: marked while others may have their turn.
  ///   - body: where it throws nothing else is done.
  static func inPieces(
    _ count: Int, busy: [any Busy], _ body: @escaping (Int) throws(Failure) -> Void,
    next: @escaping () throws(Failure) -> Outcome<Value>
  ) throws(Failure) -> Outcome<Value> {
    for number in 0..<min(count, Pieces.size) { try body(number) }
    guard count > Pieces.size else { return try next() }
    for object in busy { object.inFlight += 1 }
    return rest(Pieces.size, count, busy, body, next)
  }

  private static func rest(
    _ first: Int, _ count: Int, _ busy: [any Busy], _ body: @escaping (Int) throws(Failure) -> Void,
    _ next: @escaping () throws(Failure) -> Outcome<Value>
  ) -> Outcome<Value> {
    .job(
      Job({}) { () throws(Failure) in
        let end = min(count, first + Pieces.size)
        do throws(Failure) {
          for number in first..<end { try body(number) }
        } catch {
          unmark(busy)
          throw error
        }
        guard end == count else { return rest(end, count, busy, body, next) }
        unmark(busy)
        return try next()
      })
  }

  private static func unmark(_ busy: [any Busy]) {
    for object in busy {
      object.inFlight -= 1
      object.settled()
    }
  }
}

extension Context {
  /// Does `make`, and before anybody hears of it takes out what the engine has let go of.
  func settling<Value>(_ make: () throws(Failure) -> Outcome<Value>) throws(Failure) -> Outcome<Value> {
    let made: Result<Outcome<Value>, Failure>
    do throws(Failure) {
      made = .success(try make())
    } catch {
      made = .failure(error)
    }
    return try settleOn(made)
  }

  private func settleOn<Value>(_ made: Result<Outcome<Value>, Failure>) throws(Failure) -> Outcome<Value> {
    settle()
    guard isUnsettled else { return try made.get() }
    inFlight += 1
    return .job(
      Job({}) { () throws(Failure) in
        self.inFlight -= 1
        return try self.settleOn(made)
      })
  }
}
