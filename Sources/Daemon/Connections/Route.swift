// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// What a call of a method costs the loop at most.
package enum Cost: Sendable {
  /// Look-ups in tables.
  case constant
  /// What ``Quick`` allows; more goes to a worker.
  case bounded
  /// In proportion to the items that it answers.
  case listing
}

/// One method and the service function that does it.
package final class Route {
  package let name: StaticString
  /// The least role that may call it: observers read, users change what is theirs, admins do everything.
  package let role: Role
  package let cost: Cost
  /// The method type, for introspection.
  package let method: any Method.Type
  /// Decodes, calls and encodes; compiled for this very method.
  let call: (Request, Session, inout Outbox) throws(Failure) -> Progress
  /// Only decodes, on any thread, for ``callRead``.
  let read: @Sendable (Request) throws(Failure) -> any Sendable
  /// Calls and encodes what ``read`` has decoded.
  let callRead: (any Sendable, RequestMarks, RequestID, Session, inout Outbox) throws(Failure) -> Progress
  /// Whether a request is executed although an earlier one of its connection is parked; nil for never.
  let runsAhead: ((Request, Session) -> Bool)?

  /// - Parameters:
  ///   - ahead: whether a call need not wait for one that is parked, since that may wait for this very call. It is
  ///     asked only of requests without descriptors.
  ///   - room: bytes that a call may note in the log of its context besides what follows from its parameters.
  ///   - service: runs on the loop.
  package init<M: Method>(
    _ method: M.Type, role: Role, cost: Cost, ahead: ((M, Session) -> Bool)? = nil,
    room: ((M, Session) -> Int)? = nil,
    _ service: @escaping (M, Session) throws(Failure) -> Outcome<M.Result>
  ) {
    name = M.name
    self.role = role
    self.cost = cost
    self.method = method
    runsAhead = ahead.map { isAhead in
      { request, session in
        guard let call = try? request.parameters(of: M.self) else { return false }
        return isAhead(call, session)
      }
    }
    read = { request throws(Failure) in try request.parameters(of: M.self) }
    let isAhead = ahead != nil
    func callLogged(
      _ call: M, _ marks: RequestMarks, _ id: RequestID, _ session: Session, _ outbox: inout Outbox
    ) throws(Failure) -> Progress {
      guard M.takesKey else {
        throw Failure(.einval, "\(M.name) changes nothing for good, and takes no key", field: "key")
      }
      let room = room?(call, session) ?? 0
      let outcome = try session.logged(call, marks, more: room, isAhead: isAhead, service)
      return advance(outcome, id, session, &outbox, answerLogged)
    }
    callRead = { parameters, marks, id, session, outbox throws(Failure) in
      guard let parameters = parameters as? M else {
        throw Failure(code: Failure.internalErrorCode, "a line was read as another method's")
      }
      if M.takesKey && session.context.log != nil || marks.key != nil {
        return try callLogged(parameters, marks, id, session, &outbox)
      }
      return advance(try service(parameters, session), id, session, &outbox, answerNow)
    }
    call = { request, session, outbox throws(Failure) in
      let parameters = try request.parameters(of: M.self)
      if M.takesKey && session.context.log != nil || request.key != nil {
        return try callLogged(parameters, RequestMarks(request), request.id, session, &outbox)
      }
      return advance(try service(parameters, session), request.id, session, &outbox, answerNow)
    }
  }
}

extension Route {
  /// Does a whole request on the calling thread and leaves its answer in `outbox`: for callers that are no loop,
  /// such as tests. What would be parked has its time up at once.
  package func answer(_ request: Request, _ session: Session, _ outbox: inout Outbox) throws(Failure) {
    var progress = try call(request, session, &outbox)
    while true {
      switch progress {
      case .answered:
        return
      case .job(let work, let resumption):
        work.run()
        progress = try resumption(&outbox)
      case .parked(_, _, _, let expire):
        throw expire()
      }
    }
  }
}

/// How far a request has come. The result type is gone: what is left to do knows it.
enum Progress {
  /// The answer is in the outbox.
  case answered
  case job(any Work, then: Resumption)
  case parked(WaitList, milliseconds: UInt32, attempt: Retry, expire: () -> Failure)

  /// Goes on after a job.
  typealias Resumption = (inout Outbox) throws(Failure) -> Progress
  /// Goes on after a release; nil: it still waits.
  typealias Retry = (inout Outbox) throws(Failure) -> Progress?
}

/// Answers what is done with `write`, and keeps what is not for later.
@inline(__always)
private func advance<Value>(
  _ outcome: Outcome<Value>, _ id: RequestID, _ session: Session, _ outbox: inout Outbox,
  _ write: @escaping (Value, RequestID, Session, inout Outbox) -> Void
) -> Progress {
  if case .done(let value) = outcome {
    write(value, id, session, &outbox)
    return .answered
  }
  return postpone(outcome, id, session, write)
}

@inline(never)
private func postpone<Value>(
  _ outcome: Outcome<Value>, _ id: RequestID, _ session: Session,
  _ write: @escaping (Value, RequestID, Session, inout Outbox) -> Void
) -> Progress {
  switch outcome {
  case .done:
    preconditionFailure("what is done is not postponed")
  case .job(let job):
    return .job(
      job.work,
      then: { outbox throws(Failure) in advance(try job.finish(), id, session, &outbox, write) })
  case .parked(let parked):
    return .parked(
      parked.list, milliseconds: parked.milliseconds,
      attempt: { outbox throws(Failure) in
        guard let next = try parked.attempt() else { return nil }
        return advance(next, id, session, &outbox, write)
      }, expire: parked.expire)
  }
}

@inline(__always)
private func answerNow<R: Members>(
  _ result: R, _ id: RequestID, _ session: Session, _ outbox: inout Outbox
) {
  outbox.answer(id, result, session.takeAnswerDescriptors())
}

private func answerLogged<R: Members>(
  _ logged: Logged<R>, _ id: RequestID, _ session: Session, _ outbox: inout Outbox
) {
  switch logged {
  case .now(let result): answerNow(result, id, session, &outbox)
  case .before(let known): outbox.answer(id, encoded: known.result, session.takeAnswerDescriptors())
  }
}

extension Role {
  /// Whether a connection of this role may call methods that ask for `least`.
  package func covers(_ least: Role) -> Bool { rank >= least.rank }

  private var rank: Int {
    switch self {
    case .observer: 0
    case .user: 1
    case .admin: 2
    }
  }
}
