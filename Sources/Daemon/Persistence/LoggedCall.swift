// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// What a call comes to that may have been made before.
enum Logged<Result: Members> {
  case now(Result)
  /// It was done when it came for the first time; this is what was answered then.
  case before(SavedAnswer)
}

extension Session {
  /// Does a call that changes something for good. In a persistent context it is answered once the log says what has
  /// changed, and a call with a key is done once, however often it comes.
  ///
  /// - Parameters:
  ///   - more: bytes that it may note besides what follows from its parameters.
  ///   - isAhead: it may be executed while another is parked, and so cannot be parked itself.
  func logged<M: Method>(
    _ call: M, _ marks: RequestMarks, more: Int, isAhead: Bool,
    _ service: @escaping (M, Session) throws(Failure) -> Outcome<M.Result>
  ) throws(Failure) -> Outcome<Logged<M.Result>> {
    guard let log = context.log else {
      guard marks.key == nil else {
        throw Failure(.einval, "requests have keys in contexts that persist", field: "key")
      }
      return try service(call, self).then({ .done(.now($0)) }, failed: {})
    }
    func again() throws(Failure) -> Outcome<Logged<M.Result>> {
      try logged(call, marks, more: more, isAhead: isAhead, service)
    }
    let key = try requestKey(marks)
    if let key {
      if let known = try log.answer(to: key, marks.digest) { return settled(.before(known), log, isAhead) }
      if log.isRunning(key) { return parked(on: log, until: { !log.isRunning(key) }, then: again) }
    }
    let room = Self.leastRoom + marks.bytes * 8 + more
    guard log.reserve(room) else {
      try log.makeRoom(room)
      return parked(on: log, until: { () throws(Failure) in try log.mayHaveRoom(room) }, then: again)
    }
    if let key { log.begins(key) }
    let end = {
      log.commit()
      log.unreserve(room)
      if let key { log.ends(key) }
    }
    let outcome: Outcome<M.Result>
    do throws(Failure) {
      outcome = try service(call, self)
    } catch {
      end()
      throw error
    }
    return try outcome.then(
      { (result) throws(Failure) in
        if let key { log.remember(SavedAnswer(key, marks.digest, result, self.answerMemories)) }
        end()
        return self.settled(.now(result), log, isAhead)
      }, failed: end)
  }

  /// Bytes that any request may note.
  private static var leastRoom: Int { 4096 }

  private func requestKey(_ marks: RequestMarks) throws(Failure) -> RequestKey? {
    guard let key = marks.key else { return nil }
    guard let client else {
      throw Failure(.einval, "context.open has not said which client sends requests with keys", field: "key")
    }
    return RequestKey(token: client, key: key)
  }

  /// Answers when a restart would bring back what was changed.
  private func settled<R: Members>(
    _ answer: Logged<R>, _ log: ChangeLog, _ isAhead: Bool
  ) -> Outcome<Logged<R>> {
    if isAhead || log.isSettled { return .done(deliver(answer)) }
    let leaving = takeAnswerDescriptors()
    return log.whenSettled {
      self.putBack(answer: leaving)
      return self.deliver(answer)
    }
  }

  /// Descriptors that went with the answer go with it again.
  private func deliver<R: Members>(_ answer: Logged<R>) -> Logged<R> {
    guard case .before(let known) = answer else { return answer }
    for id in known.memories {
      guard let origin = context.memories[id]?.opened(by: uid, write: true),
        let descriptor = try? origin.file.open(write: true)
      else { continue }
      self.answer(with: descriptor, of: id)
    }
    return answer
  }

  /// Waits for the log, without what the request brought being lost.
  private func parked<R>(
    on log: ChangeLog, until isReady: @escaping () throws(Failure) -> Bool,
    then again: @escaping () throws(Failure) -> Outcome<R>
  ) -> Outcome<R> {
    let arrived = suspend()
    return .parked(
      Parked(
        on: log.changed, milliseconds: ChangeLog.patience,
        attempt: { () throws(Failure) in
          guard try isReady() else { return nil }
          self.resume(arrived)
          return try again()
        },
        expire: {
          self.resume(arrived)
          return Failure(.ebusy, "the log of the context has no room for it now")
        }))
  }
}

extension ChangeLog {
  /// What was answered to a request of that key, if there was one.
  ///
  /// - Throws: EINVAL when it was another request.
  fileprivate func answer(to key: RequestKey, _ digest: UInt64) throws(Failure) -> SavedAnswer? {
    guard let known = answers.find(token: key.token, key: key.key) else { return nil }
    guard known.digest == digest else {
      let words = "key \(Failure.excerpt(key.key)) was used for a request with another method or parameters"
      throw Failure(.einval, words, field: "key")
    }
    return known
  }
}

extension SavedAnswer {
  fileprivate init<R: Members>(_ key: RequestKey, _ digest: UInt64, _ result: R, _ memories: [ObjectID]) {
    var writer = Writer()
    result.write(to: &writer)
    let bytes = unsafe writer.withBytes { bytes in unsafe Array(bytes) }
    self.init(token: key.token, key: key.key, digest: digest, result: bytes, memories: memories)
  }
}
