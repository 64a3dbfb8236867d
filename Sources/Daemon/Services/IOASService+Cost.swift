// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

extension IOASService {
  package func cost(_ call: IOASCost, _ session: Session) throws(Failure) -> Outcome<IOASCost.Result> {
    _ = try session.context.space(call.ioas)
    if let copy = call.copy { return try cost(of: copy, call.ioas, session) }
    var map = IOASMap(ioas: call.ioas, ranges: call.ranges)
    map.single = call.single
    return try prepare(map, session) { (plan, space) throws(Failure) in
      try .inPieces(map.ranges.count, busy: [session.context, space]) { (position) throws(Failure) in
        try add(map, position, to: plan)
      } next: { () throws(Failure) in
        try cost(of: plan, map, in: space, session)
      }
    }
  }

  /// The plan takes all but what the engine takes, and gives it back once that is known.
  private func cost(
    of plan: MapPlan, _ map: IOASMap, in space: HeldSpace, _ session: Session
  ) throws(Failure) -> Outcome<IOASCost.Result> {
    let (engine, requests, taken) = (space.space, plan.requests, plan.taken)
    return try session.context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try engine.cost(of: requests, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let cost):
        var answer = IOASCost.Result()
        answer.descriptors = taken.descriptors
        answer.heldBytes = taken.heldBytes
        answer.objects = taken.objects
        answer.pinnedBytes = taken.pinnedBytes
        plan.undo()
        return try self.add(cost, to: answer, session, areas: map.single ? "length" : "ranges")
      case .failure(let refusal):
        throw self.failure(refusal, map, undoing: plan)
      }
    }
  }

  private func cost(
    of copy: IOASCost.Copy, _ target: UInt32, _ session: Session
  ) throws(Failure) -> Outcome<IOASCost.Result> {
    let context = session.context
    let source = try context.space(copy.sourceIOAS, field: "copy.src_ioas")
    let space = try context.space(target)
    let names = Origins(
      range: "copy.", subject: "ioas", mapped: "src_iova", source: "src_iova", account: context.account)
    let range = try IOVARange.named(
      copy.sourceIOVA, copy.length, atMost: IOVARange.longestMapping, names)
    let request = AddressSpace.CopyRequest(
      source: range, iova: copy.iova, read: copy.read, write: copy.write)
    let (from, to) = (source.space, space.space)
    return try context.attempt(busy: [source, space]) { (waiting) throws(Refusal) in
      try to.cost(of: request, from: from, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let cost):
        return try self.add(cost, to: IOASCost.Result(), session, areas: "copy.length")
      case .failure(let refusal):
        throw Self.failure(refusal, from: copy.sourceIOVA, names)
      }
    }
  }

  /// Adds what the engine would take, as long as the quotas cover it.
  private func add(
    _ cost: AddressSpace.Cost, to answer: IOASCost.Result, _ session: Session, areas field: String
  ) throws(Failure) -> IOASCost.Result {
    var answer = answer
    let charged = cost.pins.reduce(0) { sum, pins in
      (pins.pages.account as? Slice)?.isFree == true ? sum : sum + pins.count
    }
    answer.areas = UInt64(cost.areas)
    answer.pages = cost.pins.reduce(0) { sum, pins in
      MemoryService.residency(of: pins.pages) == .advisory ? sum : sum + pins.count
    }
    try check(answer.areas, of: .areas, session.context.account, field)
    try check(charged << Page.shift, of: .pinnedBytes, contexts.payer(for: session), field)
    answer.pinnedBytes += charged << Page.shift
    return answer
  }

  private func check(
    _ amount: UInt64, of quota: Quota, _ account: Account, _ field: String
  ) throws(Failure) {
    guard amount > account.rest(of: quota) else { return }
    let exceeded = QuotaExceeded(
      quota: quota, use: account.use(of: quota), wanted: amount, limit: account.limit(of: quota))
    throw Failure(exceeded, field: field)
  }
}
