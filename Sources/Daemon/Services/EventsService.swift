// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Subscriptions to events.
package struct EventsService {
  let contexts: Contexts

  package func subscribe(
    _ call: EventsSubscribe, _ session: Session
  ) throws(Failure) -> Outcome<EventsSubscribe.Result> {
    if call.everywhere, session.role == .user {
      throw Failure(.eperm, "events of other contexts are not for users", field: "everywhere")
    }
    let kinds = call.kinds ?? EventKind.subscribable
    if kinds.contains(.lost) {
      throw Failure(.einval, "\(EventKind.lost.rawValue) is told without being asked for", field: "kinds")
    }
    contexts.events.subscribe(session, to: Set(kinds), everywhere: call.everywhere)
    var result = EventsSubscribe.Result()
    result.seq = session.events.last
    result.kinds = Self.sorted(Set(kinds))
    result.unmaps = unmaps(in: session.context)
    result.faults = session.context.faults
    result.degraded = session.context.degradedAreas
    result.framesChanged = session.context.restored != nil && session.context.options.frames == .physical
    return .done(result)
  }

  /// Unmaps that one answer names.
  private static let named = 100

  private func unmaps(in context: Context) -> [UnmapRequested] {
    let bodies = contexts.waiters.all(in: context).lazy.flatMap { waiter in
      waiter.space.holders.values.flatMap { $0.claims(in: waiter.ranges) }.compactMap { claim in
        if claim.session == waiter.session { return UnmapRequested?.none }
        let body = claim.holder.request(for: claim, waiting: waiter.milliseconds)
        if case .unmapRequested(let requested) = body { return requested } else { return nil }
      }
    }
    return Array(bodies.prefix(Self.named))
  }

  package func unsubscribe(
    _ call: EventsUnsubscribe, _ session: Session
  ) throws(Failure) -> Outcome<EventsUnsubscribe.Result> {
    let left = contexts.events.unsubscribe(session, from: Set(call.kinds ?? EventKind.allCases))
    return .done(.init(kinds: Self.sorted(left)))
  }

  private static func sorted(_ kinds: Set<EventKind>) -> [EventKind] {
    EventKind.allCases.filter { kinds.contains($0) }
  }
}
