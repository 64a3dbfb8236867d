// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// One call of ioas.unmap that met something that is held: refused, or marked and parked until the holders have let
/// go, or forced. Confined to the loop.
final class UnmapCall {
  private let call: IOASUnmap
  private let service: IOASService
  private let context: Context
  private let session: Session
  private let space: HeldSpace
  private let ranges: UnmapRanges
  private let deadline: UInt64
  private var pending: PendingUnmap?

  init(
    _ call: IOASUnmap, _ ranges: UnmapRanges, of space: HeldSpace, _ session: Session, _ service: IOASService
  ) {
    self.call = call
    self.ranges = ranges
    self.space = space
    self.session = session
    self.service = service
    context = session.context
    deadline = Monotonic.milliseconds + UInt64(call.milliseconds ?? IOASUnmap.defaultWait)
  }

  /// When the daemon ends in the middle of it.
  deinit { if let pending = pending.take() { pending.cancel() } }

  private var contexts: Contexts { service.contexts }
  private var mayForce: Bool { call.force == true }

  /// Marks the areas, which says whether they could be unmapped at all, and goes on from there.
  func start() throws(Failure) -> Outcome<IOASUnmap.Result> {
    let (engine, ranges) = (space.space, ranges)
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try engine.mark(ranges.ranges, waiting)
    } next: { (result) throws(Failure) in
      switch result {
      case .success(let mark): return try self.begin(mark)
      case .failure(let refusal): throw Failure(refusal, self.call)
      }
    }
  }

  private func begin(_ mark: Mark) throws(Failure) -> Outcome<IOASUnmap.Result> {
    let waiter = UnmapWaiter(session.id, space, ranges, deadline: deadline)
    waiter.tell = { [unowned self] claim in request(claim) }
    pending = PendingUnmap(waiter, mark, contexts.waiters)
    let claims = claims()
    waiter.count(claims)
    let own = claims.filter { $0.session == session.id }
    if !own.isEmpty, call.unpinsOwn != true { throw cancel(refusal(own: own)) }
    let others = claims.filter { $0.session != session.id }
    if others.isEmpty || mayForce { return try tearDown(claims) }
    if call.milliseconds == 0 { throw cancel(refusal(others)) }
    if contexts.waiters.closesCircle(waiter) { throw cancel(refusal(others, .edeadlk)) }
    for claim in others { request(claim) }
    return park(waiter)
  }

  // MARK: Waiting

  private func park(_ waiter: UnmapWaiter) -> Outcome<IOASUnmap.Result> {
    .parked(
      Parked(
        on: waiter.list, milliseconds: waiter.milliseconds,
        attempt: { () throws(Failure) in try self.attempt() },
        expire: { self.cancel(self.refusal(self.claims().filter { $0.session != self.session.id })) }))
  }

  /// Goes on if nobody is in the way any more.
  private func attempt() throws(Failure) -> Outcome<IOASUnmap.Result>? {
    do throws(Failure) {
      try context.checkAlive()
    } catch {
      throw cancel(error)
    }
    guard pending?.waiter.others == 0 || mayForce else { return nil }
    return try tearDown(claims())
  }

  // MARK: Going on

  /// Ends `claims` and unmaps.
  private func tearDown(_ claims: [Claim]) throws(Failure) -> Outcome<IOASUnmap.Result> {
    let (engine, ranges, before) = (space.space, ranges, space.changes)
    let endings = claims.map { $0.holder.ending(of: $0) }
    let busy = claims.map { $0.holder as any Busy } + [space]
    return try context.attempt(isLarge: !claims.isEmpty, busy: busy) { (waiting) throws(Refusal) in
      for end in endings { end() }
      return try ranges.unmap(engine, waiting)
    } next: { (result) throws(Failure) in
      // It never came to a worker.
      if case .failure(.contended) = result { throw self.cancel(Failure(.contended, self.call)) }
      let isStale = self.space.changes != before
      for claim in claims { self.end(claim) }
      switch result {
      case .success(let bytes):
        let areas = self.pending.take()?.finish() ?? 0
        self.context.noteUnmapped(self.ranges.ranges, of: self.space)
        return .done(self.service.unmapped(bytes, areas: areas, of: self.space))
      case .failure(.pinned), .failure(.areaInTransition):
        return try self.again(result, isStale: isStale)
      case .failure(let refusal):
        throw self.cancel(Failure(refusal, self.call))
      }
    }
  }

  /// The engine says that somebody is at work on an area: a request that is under way, and of which the books know
  /// nothing yet.
  private func again(
    _ result: Result<UInt64, Refusal>, isStale: Bool
  ) throws(Failure) -> Outcome<IOASUnmap.Result> {
    if isStale, let outcome = try attempt() { return outcome }
    guard let waiter = pending?.waiter, waiter.milliseconds > 0 else {
      guard case .failure(let refusal) = result else { throw cancel(refusal([])) }
      throw cancel(Failure(refusal, call))
    }
    return park(waiter)
  }

  /// A claim was taken away.
  private func end(_ claim: Claim) {
    claim.holder.ended(claim)
    guard claim.session != session.id else { return }
    contexts.events.tell(claim.holder.revocation(of: claim), in: context, holder: claim.session)
  }

  /// Takes the marks back.
  private func cancel(_ failure: Failure) -> Failure {
    if let pending = pending.take() { pending.cancel() }
    return failure
  }

  // MARK: Who is in the way

  private func claims() -> [Claim] {
    space.holders.values.flatMap { $0.claims(in: ranges) }.sorted {
      ($0.session.rawValue, $0.since) < ($1.session.rawValue, $1.since)
    }
  }

  private func request(_ claim: Claim) {
    let body = claim.holder.request(for: claim, waiting: pending?.waiter.milliseconds ?? 0)
    contexts.events.tell(body, in: context, holder: claim.session)
  }

  /// What is held of what was to be unmapped, and the parameter that named it.
  private func place(of claims: [Claim]) -> (words: String, field: String) {
    guard let first = claims.map(\.first).min(), let last = claims.map(\.last).max() else {
      return ("a part of it", "iova")
    }
    let hull = IOVARange(first, through: last)
    let named = claims.first.map { claim in
      call.prefix { $0.overlaps(IOVARange(claim.first, through: claim.last)) }
    }
    return ("\(hull)", (named ?? "") + "iova")
  }

  private func refusal(own claims: [Claim]) -> Failure {
    let (words, field) = place(of: claims)
    let pins = claims.flatMap(\.parts)
    var failure = Failure(.ebusy, "this connection holds pins at \(words)", field: field)
    failure.pins = Array(pins.prefix(Int(WireLimit.maximumItems)))
    return failure
  }

  /// Holders that one answer names.
  private static let named = 100

  private func refusal(_ claims: [Claim], _ errno: Errno = .ebusy) -> Failure {
    let (words, field) = place(of: claims)
    let why =
      errno == .edeadlk
      ? "others hold \(words), and wait in turn for this connection" : "others hold \(words)"
    var failure = Failure(errno, why, field: field)
    failure.holders = claims.prefix(Self.named).map(\.info)
    return failure
  }
}
