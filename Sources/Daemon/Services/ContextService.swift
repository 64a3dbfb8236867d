// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Contexts by name.
package struct ContextService {
  let contexts: Contexts

  package func open(_ call: ContextOpen, _ session: Session) throws(Failure) -> Outcome<ContextOpen.Result> {
    try Self.check(call.context)
    if let client = call.client, !(1...WireLimit.tokenBytes).contains(client.utf8.count) {
      let words = "a client's name has 1 to \(WireLimit.tokenBytes) bytes, not \(client.utf8.count)"
      throw Failure(.einval, words, field: "client")
    }
    let owner = try owner(call.owner, session)
    if Self.isNobody(owner) {
      throw Failure(.eperm, "uid \(owner) is nobody for long, and may have no named contexts", field: "name")
    }
    if let returning = contexts.returning[Contexts.Key(owner: owner, name: call.context)] {
      return try wait(for: returning, call.context) { () throws(Failure) in try open(call, session) }
    }
    let left = session.context
    let found = contexts.find(call.context, of: owner)
    if found === left {
      if let client = call.client { session.client = client }
      return .done(Self.answer(left, created: false))
    }
    if left.name == nil, !left.objects.isEmpty {
      let words = "the connection's own context holds \(left.objects.count) objects, which would be lost"
      throw Failure(.ebusy, words, field: "name")
    }
    let pins = left.accesses.values.reduce(0) { sum, access in
      sum + access.held.values.count { $0.session == session.id }
    }
    guard pins == 0 else {
      throw Failure(.ebusy, "the connection holds \(pins) pins in context \(left.name ?? "")", field: "name")
    }
    if let found {
      guard found.log != nil || !call.persist else {
        let words = "context \(call.context) was made without it, and holds \(found.objects.count) objects"
        throw Failure(.einval, words, field: "persist")
      }
      contexts.move(session, to: found)
      session.client = call.client
      return .done(Self.answer(found, created: false))
    }
    guard call.create, session.role != .observer else { throw Self.missing(call.context, owner) }
    let made = try make(call, of: owner)
    contexts.move(session, to: made)
    session.client = call.client
    return made.log?.whenSettled { Self.answer(made, created: true) }
      ?? .done(Self.answer(made, created: true))
  }

  private func make(_ call: ContextOpen, of owner: UInt32) throws(Failure) -> Context {
    if contexts.unreadable > 0, contexts.returning.keys.contains(where: { $0.isNameless }) {
      let words =
        "the log of some context cannot be read, and it may be this one's; an administrator has to look"
      throw Failure(.euclean, words, field: "name")
    }
    guard call.persist else { return try contexts.makeNamed(call.context, of: owner) }
    guard let persistence = contexts.persistence else { throw ChangeLog.notOffered }
    let made = try contexts.makeNamed(call.context, of: owner)
    do throws(Failure) {
      made.log = try ChangeLog.make(for: made, persistence)
    } catch {
      contexts.vanishIfIdle(made)
      throw error
    }
    return made
  }

  /// Goes on when a context is back that was there before the daemon was started.
  ///
  /// - Throws: EUCLEAN when it cannot be read.
  private func wait<R>(
    for returning: Returning, _ name: String, then next: @escaping () throws(Failure) -> Outcome<R>
  ) throws(Failure) -> Outcome<R> {
    if let fault = returning.fault {
      let words = "the log of context \(name) cannot be read: \(fault); to destroy the context gives it up"
      throw Failure(.euclean, words, field: "name")
    }
    var isDone = false
    _ = returning.done.add { isDone = true }
    return .parked(
      Parked(
        on: returning.done, milliseconds: Self.patience,
        attempt: { () throws(Failure) in isDone ? try next() : nil },
        expire: { Failure(.ebusy, "context \(name) is still coming back after a restart", field: "name") }))
  }

  private static func answer(_ context: Context, created: Bool) -> ContextOpen.Result {
    var result = ContextOpen.Result(
      created: created, owner: context.owner, objects: UInt64(context.objects.count))
    result.persistent = context.log != nil
    result.degraded = context.degradedAreas
    return result
  }

  package func list(_ call: ContextList, _ session: Session) throws(Failure) -> Outcome<ContextList.Result> {
    let limit = try call.limit.items()
    let after = try call.after.map(Self.key)
    let seesAll = session.role != .user
    let all = [Array(contexts.named.keys), Array(contexts.returning.keys)].joined()
    let keys = all.filter { key in
      (seesAll || key.owner == session.uid) && (after.map { key > $0 } ?? true)
    }.sorted()
    let items = keys.prefix(limit).map { key -> ContextList.Item in
      var item = ContextList.Item()
      item.name = key.name
      item.owner = key.owner
      if let returning = contexts.returning[key] {
        item.persistent = true
        item.state = returning.fault == nil ? .returning : .unreadable
      }
      guard let context = contexts.named[key] else { return item }
      item.persistent = context.log != nil
      item.connections = UInt64(context.connections)
      item.objects = UInt64(context.objects.count)
      item.current = context === session.context
      return item
    }
    let next = keys.count > limit ? items.last.map { "\($0.owner)/\($0.name)" } : nil
    return .done(.init(items, next: next))
  }

  /// The inverse of what ``list(_:_:)`` answers as `next`.
  private static func key(_ text: String) throws(Failure) -> Contexts.Key {
    guard let slash = text.firstIndex(of: "/"), let owner = UInt32(text[..<slash]) else {
      let words = "\"\(Failure.excerpt(text))\" is not what an earlier answer said"
      throw Failure(.einval, words, field: "after")
    }
    return Contexts.Key(owner: owner, name: String(text[text.index(after: slash)...]))
  }

  package func destroy(
    _ call: ContextDestroy, _ session: Session
  ) throws(Failure) -> Outcome<ContextDestroy.Result> {
    try Self.check(call.context)
    let owner = try owner(call.owner, session)
    let key = Contexts.Key(owner: owner, name: call.context)
    if let returning = contexts.returning[key] {
      guard returning.fault != nil else {
        return try wait(for: returning, call.context) { () throws(Failure) in try destroy(call, session) }
      }
      contexts.discard(key)
      return whenHeard(.init(objects: 0))
    }
    guard let context = contexts.find(call.context, of: owner) else {
      throw Self.missing(call.context, owner)
    }
    guard context.account.mayHaveWorker else { throw Failure(.contended) }
    if context.inFlight == 0 { return destroy(context, session) }
    // Requests of others, or the pins of a connection that has just left.
    context.destroyers += 1
    return .parked(
      Parked(
        on: context.idle, milliseconds: Self.patience,
        attempt: { () throws(Failure) in
          if context.isDestroyed {
            context.destroyers -= 1
            return self.whenHeard(.init(objects: 0))
          }
          guard context.inFlight == 0 else { return nil }
          context.destroyers -= 1
          return self.destroy(context, session)
        },
        expire: {
          context.destroyers -= 1
          let words = "requests of other connections are under way in context \(call.context)"
          return Failure(.ebusy, words, field: "name")
        }))
  }

  /// Milliseconds for which requests under way are waited for.
  private static let patience: UInt32 = 60_000

  /// Destroys a context in which nothing is under way.
  private func destroy(_ context: Context, _ session: Session) -> Outcome<ContextDestroy.Result> {
    let told = contexts.events.sessions(in: context).filter { $0 !== session }
    let event = Event.Body.contextDestroyed(ContextDestroyed(objects: UInt64(context.objects.count)))
    contexts.events.publish(event, in: context, to: told)
    let teardown = contexts.beginTeardown(of: context)
    let (contexts, isKept) = (self.contexts, context.log != nil)
    let end: () -> Outcome<ContextDestroy.Result> = {
      contexts.endTeardown(of: context, teardown)
      // Whoever destroys the context that it works in goes on in one of its own.
      if session.context === context {
        context.connections -= 1
        session.context = contexts.makeAnonymous(for: session.uid)
      }
      let answer = ContextDestroy.Result(objects: teardown.objects)
      return isKept ? self.whenHeard(answer) : .done(answer)
    }
    guard teardown.isNeeded else { return end() }
    return .job(Job({ teardown.run() }, next: { (_: Void) in end() }))
  }

  /// What is destroyed must not be there again after a restart.
  private func whenHeard(_ answer: ContextDestroy.Result) -> Outcome<ContextDestroy.Result> {
    contexts.persistence?.whenHeard(answer) ?? .done(answer)
  }

  // MARK: Rules

  /// Whose context is meant. Other users' are nothing to a user, so that their names cannot be probed.
  private func owner(_ wanted: UInt32?, _ session: Session) throws(Failure) -> UInt32 {
    guard let wanted, wanted != session.uid else { return session.uid }
    guard session.role != .user else {
      throw Failure(.enoent, "there is no such context of uid \(wanted)", field: "owner")
    }
    return wanted
  }

  private static func missing(_ name: String, _ owner: UInt32) -> Failure {
    Failure(.enoent, "uid \(owner) has no context \(name)", field: "name")
  }

  private static func check(_ name: String) throws(Failure) {
    guard (1...WireLimit.tokenBytes).contains(name.utf8.count) else {
      let words = "a context's name has 1 to \(WireLimit.tokenBytes) bytes, not \(name.utf8.count)"
      throw Failure(.einval, words, field: "name")
    }
    guard name.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
      throw Failure(.einval, "a context's name has no control characters", field: "name")
    }
  }

  /// Users that exist for one service's run, and the one that stands for those outside of a user namespace:
  /// what they leave behind would fall to somebody else.
  private static func isNobody(_ uid: UInt32) -> Bool {
    (61_184...65_519).contains(uid) || uid == 65_534 || uid == .max
  }
}
