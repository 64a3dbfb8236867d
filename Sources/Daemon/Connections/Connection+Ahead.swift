// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// Requests that a worker has in hand while an earlier one of the connection is parked.
struct AheadJobs {
  private var jobs: [UInt64: (RequestID, Progress.Resumption)] = [:]
  private var last: UInt64 = 0

  var isEmpty: Bool { jobs.isEmpty }
  var count: Int { jobs.count }

  mutating func add(_ id: RequestID, _ resumption: @escaping Progress.Resumption) -> UInt64 {
    last += 1
    jobs[last] = (id, resumption)
    return last
  }

  mutating func remove(_ number: UInt64) -> (RequestID, Progress.Resumption)? {
    jobs.removeValue(forKey: number)
  }
}

/// While a request is parked those behind it are read, up to a bound: what lets go of things is executed at once,
/// since somebody may wait for that, and everything else is kept for its turn.
extension Connection {
  /// Whether one more request may be read ahead.
  var hasRoomAhead: Bool {
    isParked && !isReadingAhead && inbox.keptCount + ahead.count < floor.limits.aheadRequests
      && inbox.keptBytes < floor.limits.aheadBytes
  }

  /// Whether more may be received for that.
  var mayReceiveAhead: Bool {
    hasRoomAhead && !inbox.isAtEnd && mayBringMore
  }

  func readAhead(_ budget: inout Int) {
    while hasRoomAhead || isParked && inbox.isShowingAgain, phase != .closed {
      guard makeRoom() else { return }
      guard budget > 0 else { return yieldTurn() }
      budget -= 1
      traceAnswers()
      switch inbox.nextAhead() {
      case .none:
        return
      case .request(let request, let descriptors):
        if descriptors == nil, let route = routeAhead(request) {
          serveAhead(request, route)
        } else {
          inbox.keepShown(descriptors)
        }
      case .refused(let id, let failure):
        inbox.keep(refused: id, failure)
      case .fatal(let id, let failure):
        inbox.keep(fatal: id, failure)
      case .long:
        if inbox.isLongKept { inbox.keepLong() } else { return readLongAhead() }
      }
    }
  }

  private func routeAhead(_ request: Request) -> Route? {
    guard let position = floor.names.find(request) else { return nil }
    let route = floor.routes[position]
    guard let runsAhead = route.runsAhead, session.role.covers(route.role), runsAhead(request, session) else {
      return nil
    }
    return route
  }

  private func serveAhead(_ request: Request, _ route: Route) {
    let parked = current
    current = route.name
    defer { current = parked }
    do throws(Failure) {
      take(ahead: try route.call(request, session, &outbox), request.id)
    } catch {
      note(error)
      refuse(request.id, error)
    }
  }

  private func take(ahead progress: Progress, _ id: RequestID) {
    switch progress {
    case .answered:
      floor.traffic.requests += 1
    case .job(let work, let resumption):
      floor.traffic.jobs += 1
      let number = ahead.add(id, resumption)
      floor.workshop.run(work, for: session.context.owner, current) { [unowned self] in
        resume { [unowned self] in workDone(ahead: number) }
      }
    case .parked(_, _, _, let expire):
      // Two would wait where one may.
      refuse(id, expire())
    }
  }

  private func workDone(ahead number: UInt64) {
    guard let (id, resumption) = ahead.remove(number) else { return }
    do throws(Failure) {
      take(ahead: try resumption(&outbox), id)
    } catch {
      note(error)
      refuse(id, error)
    }
    goOn()
  }
}
