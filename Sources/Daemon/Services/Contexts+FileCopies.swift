// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Copies of more than a message holds, by way of a file of the caller.
extension Contexts {
  /// A file is held by its own descriptor and by one to look for holes with.
  private static let fileDescriptors: UInt64 = 2

  /// Has workers do all of `way` between `memory` and the request's descriptor number `index`, piece by piece.
  ///
  /// - Parameters:
  ///   - busy: marked while it goes on.
  ///   - explain: what a refusal of the memory's side is to the caller.
  ///   - answer: called once, when all is copied.
  func copy<Value>(
    _ way: FileCopy.Way, _ index: UInt32, with memory: any BulkMemory, busy: [any Busy], _ session: Session,
    explain: @escaping (Refusal) -> Failure, then answer: @escaping () -> Value
  ) throws(Failure) -> Outcome<Value> {
    _ = try IOVARange.named(way.iova, way.length, atMost: IOVARange.longestMapping)
    let span = CallerFile.Span(offset: way.offset, length: way.length)
    return try withFile(index, span, writes: way.isRead, busy: busy, session) { file, end in
      let copy = FileCopy(way, memory, file)
      return goOn(copy, patient: false, session, explain) {
        end()
        self.census.totals.copiedBytes += copy.done
        return answer()
      }
    }
  }

  /// Takes a caller's file, which is paid for until `body` has called what it is given, once.
  func withFile<Value>(
    _ index: UInt32, _ span: CallerFile.Span, writes: Bool, busy: [any Busy], _ session: Session,
    _ body: (MemfdOrigin, _ end: @escaping () -> Void) -> Outcome<Value>
  ) throws(Failure) -> Outcome<Value> {
    let context = session.context
    guard context.account.mayHaveWorker else { throw Failure(.contended) }
    try context.take(Self.fileDescriptors, of: .descriptors, field: "fd")
    do throws(Failure) {
      let file = try CallerFile.take(index, span, writes: writes, session, self)
      let marked = busy + [context]
      for object in marked { object.inFlight += 1 }
      return body(file) {
        for object in marked { object.inFlight -= 1 }
        context.account.give(Self.fileDescriptors, of: .descriptors)
        for object in marked { object.settled() }
        context.settle()
      }
    } catch {
      context.account.give(Self.fileDescriptors, of: .descriptors)
      throw error
    }
  }

  /// The next piece, and those behind it. `end` is called once, with nothing under way any more.
  private func goOn<Value>(
    _ copy: FileCopy, patient: Bool, _ session: Session, _ explain: @escaping (Refusal) -> Failure,
    end: @escaping () -> Value
  ) -> Outcome<Value> {
    .job(
      Job(lane: patient ? .endless : .ordinary, { copy.copyPiece(patient: patient) }) {
        (result) throws(Failure) -> Outcome<Value> in
        switch result {
        case .success(true) where !session.isGone:
          return self.goOn(copy, patient: patient, session, explain, end: end)
        case .success(let isMore):
          // The client is gone, and who closes the file must not be the loop.
          if isMore { return .job(Job({ copy.giveUp() }, then: { (_: Void) in end() })) }
          return .done(end())
        case .failure(let stop) where stop.refusal == .mayBlock:
          return self.goOn(copy, patient: true, session, explain, end: end)
        case .failure(let stop):
          _ = end()
          var failure = stop.isFile ? CallerFile.failure(stop.refusal) : explain(stop.refusal)
          failure.done = copy.done
          throw failure
        }
      })
  }
}
