// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Reads and writes of more than a message holds, by way of a file of the caller.
extension AccessService {
  /// A file is held by its own descriptor and by one to look for holes with.
  private static let descriptors: UInt64 = 2

  func copy<Value>(
    _ way: FileCopy.Way, _ index: UInt32, of access: HeldAccess, _ session: Session,
    then answer: @escaping () -> Value
  ) throws(Failure) -> Outcome<Value> {
    let context = session.context
    guard way.length > 0 else { throw Failure(Refusal.emptyRange) }
    guard way.length < 1 << 63, IOVARange(first: way.iova, length: way.length) != nil else {
      throw Failure(Refusal.overflow(start: way.iova.rawValue, length: way.length))
    }
    guard context.account.mayHaveWorker else { throw Failure(.contended) }
    try context.take(Self.descriptors, of: .descriptors, field: "fd")
    do throws(Failure) {
      let span = CallerFile.Span(offset: way.offset, length: way.length)
      let file = try CallerFile.take(index, span, writes: way.isRead, session, contexts)
      let copy = FileCopy(way, access.space.space, file)
      access.inFlight += 1
      context.inFlight += 1
      return goOn(copy, patient: false, session) {
        access.inFlight -= 1
        context.inFlight -= 1
        context.account.give(Self.descriptors, of: .descriptors)
        self.contexts.census.totals.copiedBytes += copy.done
        access.settled()
        context.settle()
        return answer()
      }
    } catch {
      context.account.give(Self.descriptors, of: .descriptors)
      throw error
    }
  }

  /// The next piece, and those behind it. `end` is called once, with nothing under way any more.
  private func goOn<Value>(
    _ copy: FileCopy, patient: Bool, _ session: Session, end: @escaping () -> Value
  ) -> Outcome<Value> {
    .job(
      Job(lane: patient ? .endless : .ordinary, { copy.copyPiece(patient: patient) }) {
        (result) throws(Failure) -> Outcome<Value> in
        switch result {
        case .success(true) where !session.isGone:
          return goOn(copy, patient: patient, session, end: end)
        case .success(let isMore):
          // The client is gone, and who closes the file must not be the loop.
          if isMore { return giveUp(copy, end: end) }
          return .done(end())
        case .failure(let stop) where stop.refusal == .mayBlock:
          return goOn(copy, patient: true, session, end: end)
        case .failure(let stop):
          _ = end()
          throw Self.failure(stop, copy)
        }
      })
  }

  private func giveUp<Value>(_ copy: FileCopy, end: @escaping () -> Value) -> Outcome<Value> {
    .job(Job({ copy.giveUp() }, then: { (_: Void) in end() }))
  }

  private static func failure(_ stop: FileCopy.Stop, _ copy: FileCopy) -> Failure {
    var failure: Failure
    if stop.isFile, case .origin(let errno, let index) = stop.refusal {
      let words =
        errno == .efault
        ? "page \(index.rawValue) of the file is not there; populate it first"
        : "page \(index.rawValue) of the file answers \(errno)"
      failure = Failure(errno, words, field: "fd")
    } else {
      failure = Failure(stop.refusal, Origins(write: "iova"))
    }
    failure.done = copy.done
    return failure
  }
}
