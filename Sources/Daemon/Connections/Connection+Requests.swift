// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

extension Connection {
  /// Does requests until there is none, one has to wait, too much waits for the client, or the turn is over.
  func execute() {
    var budget = floor.limits.turn
    defer { floor.changed() }
    while isFree, phase == .open || phase == .ending {
      guard makeRoom() else { return }
      guard budget > 0, budget == floor.limits.turn || Monotonic.microseconds < floor.turns.deadline else {
        return yieldTurn()
      }
      traceAnswers()
      switch inbox.next() {
      case .none:
        guard phase == .ending else { return }
        if case .refused(let id, let failure) = inbox.finish() { refuse(id, failure) }
        floor.tracer?.ended(session.id)
        return leave(isLost: false)
      case .request(let request, let descriptors):
        serve(request, descriptors)
        budget -= 1
      case .refused(let id, let failure):
        refuse(id, failure)
        budget -= 1
      case .fatal(let id, let failure):
        return lose(id, failure)
      case .long:
        readLong()
      }
    }
    if isParked { readAhead(&budget) }
  }

  /// Answers why the connection cannot go on, and ends it.
  func lose(_ id: RequestID?, _ failure: Failure) {
    floor.journal.log(
      .notice, .protocolViolated, failure.message, .uid(session.uid), .connection(session.id))
    refuse(id, failure)
    leave(isLost: true)
  }

  /// Sends when much waits to be sent; answers whether more may be added to it.
  func makeRoom() -> Bool {
    guard
      isCongested || outbox.pendingBytes >= floor.limits.flushedBytes
        || outbox.pendingDescriptors >= WireLimit.descriptors
    else { return true }
    flush()
    isHeldUp = isCongested
    return !isHeldUp && phase != .closed
  }

  /// Does one request or sets it on its way.
  func serve(_ request: Request, _ descriptors: DescriptorBatch?) {
    session.beginRequest(descriptors)
    current = ""
    guard let position = floor.names.find(request) else {
      return fail(request.id, .methodNotFound(String(request.method.prefix(WireLimit.tokenBytes))))
    }
    do throws(Failure) {
      take(try admit(position).call(request, session, &outbox), request.id)
    } catch {
      fail(request.id, error)
    }
  }

  /// The route at `position`, if it is for this connection.
  func admit(_ position: Int) throws(Failure) -> Route {
    let route = floor.routes[position]
    current = route.name
    guard session.role.covers(route.role) else {
      throw Failure(.eperm, "\(route.name) is not for callers of the \(session.role.rawValue) socket")
    }
    return route
  }

  /// Notes how far the request has come.
  func take(_ progress: Progress, _ id: RequestID) {
    switch progress {
    case .answered:
      floor.traffic.requests += 1
      session.endRequest()
    case .job(let work, let resumption):
      floor.traffic.jobs += 1
      pending = .job(id, resumption)
      floor.workshop.run(work, for: session.context.owner, current) { [unowned self] in
        resume { [unowned self] in workDone() }
      }
    case .parked(let list, let milliseconds, let attempt, let expire):
      do throws(Errno) {
        let parking = try Parking(floor.loop, list, milliseconds, attempt, expire) { [weak self] in
          self?.wake($0)
        }
        pending = .parked(id, parking)
        inbox.restartAhead()
      } catch {
        _ = expire()
        fail(id, Failure(error, "no timer to wait with"))
      }
    }
  }

  func fail(_ id: RequestID, _ failure: Failure) {
    note(failure)
    session.endRequest()
    refuse(id, failure)
  }

  /// What the daemon has to blame itself for.
  func note(_ failure: Failure) {
    if failure.code == Failure.internalErrorCode {
      floor.journal.log(
        .error, .internalError, failure.message, .method("\(current)"), .uid(session.uid),
        .connection(session.id))
    }
  }

  func refuse(_ id: RequestID?, _ failure: Failure) {
    floor.traffic.requests += 1
    floor.traffic.errors += 1
    outbox.refuse(id, failure)
  }

  // MARK: Requests that took their time

  /// The work of the request under way has run.
  private func workDone() {
    guard case .job(let id, let resumption) = pending else { return }
    pending = nil
    do throws(Failure) {
      take(try resumption(&outbox), id)
    } catch {
      fail(id, error)
    }
    goOn()
  }

  /// After an answer that was waited for: sends it, and does what comes next in its turn.
  func goOn() {
    guard phase != .closed else { return endIfIdle() }
    if isFree, inbox.framer.pendingBytes > 0, Monotonic.microseconds >= floor.turns.deadline { yieldTurn() }
    if isPosted {
      flush()
      settle()
    } else {
      proceed()
    }
  }

  /// What the parked request waits for may be there, or its time is up.
  private func wake(_ reason: Parking.Reason) {
    guard phase != .closed, case .parked(let id, let parking) = pending else { return }
    do throws(Failure) {
      switch reason {
      case .released:
        guard let progress = try parking.attempt(&outbox) else { return parking.waitOn() }
        pending = nil
        parking.leave()
        take(progress, id)
      case .expired:
        pending = nil
        parking.leave()
        fail(id, parking.expire())
      }
    } catch {
      pending = nil
      parking.leave()
      fail(id, error)
    }
    proceed()
  }
}
