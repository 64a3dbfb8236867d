// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Who is told what. Confined to the loop.
///
/// Telling never waits and never fails: what a connection does not read in time it is not told.
package final class EventHub {
  private struct Subscription {
    var session: Session
    var kinds: Set<EventKind>
    var isEverywhere: Bool
  }

  private var subscriptions: [SessionID: Subscription] = [:]
  private var sessions: [SessionID: Session] = [:]

  package init() {}

  /// Tells everybody who listens to `context` and wants to know. O(subscriptions).
  ///
  /// - Parameter holders: are told in any case, subscribed or not, and once.
  package func publish(_ body: Event.Body, in context: Context, to holders: [Session] = []) {
    for holder in holders { holder.events.append(body) }
    for subscription in subscriptions.values where subscription.kinds.contains(body.kind) {
      let session = subscription.session
      if holders.contains(where: { $0 === session }) { continue }
      if subscription.isEverywhere {
        session.events.append(body, owner: context.owner, context: context.name)
      } else if session.context === context {
        session.events.append(body)
      }
    }
  }

  /// Tells whoever listens, and in any case the connection that what happens is about, if it is still there.
  package func tell(_ body: Event.Body, in context: Context, holder: SessionID) {
    publish(body, in: context, to: sessions[holder].map { [$0] } ?? [])
  }

  /// From now on `session` is told `kinds` and nothing else.
  func subscribe(_ session: Session, to kinds: Set<EventKind>, everywhere: Bool) {
    if kinds.isEmpty {
      subscriptions[session.id] = nil
    } else {
      subscriptions[session.id] = Subscription(session: session, kinds: kinds, isEverywhere: everywhere)
    }
  }

  /// `session` is told nothing of `kinds` any more; answers what it is still told.
  func unsubscribe(_ session: Session, from kinds: Set<EventKind>) -> Set<EventKind> {
    guard let subscription = subscriptions[session.id] else { return [] }
    let left = subscription.kinds.subtracting(kinds)
    subscribe(session, to: left, everywhere: subscription.isEverywhere)
    return left
  }

  // MARK: Who is there

  /// A connection has come.
  func join(_ session: Session) { sessions[session.id] = session }

  /// A connection is gone.
  func leave(_ session: Session) {
    sessions[session.id] = nil
    subscriptions[session.id] = nil
  }

  /// Those that work in `context`. O(connections).
  func sessions(in context: Context) -> [Session] { sessions.values.filter { $0.context === context } }
}
