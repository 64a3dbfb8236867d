// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuLinux
import IommuWire

/// A context that was there before the daemon was started and is not there yet.
final class Returning {
  /// Released when it is there, or is known not to come.
  let done = WaitList()
  /// Why it does not come; nil while it still may.
  fileprivate(set) var fault: String?
  /// What is kept of it.
  fileprivate var logs: [StoreNumber] = []
}

/// Brings contexts back whose logs the service manager has kept, after the daemon has said that it is ready: each on a
/// worker, since much is pinned again. Confined to the loop.
///
/// What cannot be read stays where it is, and its context answers EUCLEAN until somebody destroys it: to end instead
/// would have the service manager forget all that it keeps.
final class Restoration {
  private unowned let contexts: Contexts
  private let persistence: Persistence
  private var store: DescriptorStore { persistence.store }
  private var journal: Journal { persistence.journal }
  private var underWay = 0

  init(_ contexts: Contexts, _ persistence: Persistence) {
    self.contexts = contexts
    self.persistence = persistence
  }

  /// A log on its way to a worker and back.
  private struct Found: @unchecked Sendable {
    let number: StoreNumber
    let log: StateLog
  }

  /// Looks at all logs, and has their contexts made.
  func begin() {
    // Nothing is over before all have begun.
    underWay += 1
    var found: [UInt64: [Found]] = [:]
    for (number, _) in store.inherited(.log) {
      do {
        let log = try StateLog(opening: store.open(number, .log))
        // One that is not complete was to take another's place, which is there too.
        if log.isComplete { found[log.header.number, default: []].append(Found(number: number, log: log)) }
      } catch {
        refuse(Contexts.Key(owner: 0, name: "unreadable-\(number)"), [number], "\(error)")
      }
    }
    // Others may come first, and want memory of their own.
    contexts.frames.reserve(below: found.values.joined().map(\.log.frameEnd).max() ?? 0)
    for logs in found.values.sorted(by: { $0[0].log.header.number < $1[0].log.header.number }) {
      let sorted = logs.sorted { $0.log.header.generation < $1.log.header.generation }
      guard let newest = sorted.last else { continue }
      // Whatever becomes of the newest, the others count for nothing, and must not come back once it is gone.
      for old in sorted.dropLast() {
        let owner = old.log.header.owner
        if store.holdInherited(old.number, .log, for: owner) { store.letGo(old.number, .log, of: owner) }
      }
      begin(newest)
    }
    underWay -= 1
    endIfDone()
  }

  private func begin(_ found: Found) {
    let header = found.log.header
    persistence.noteContext(header.number)
    store.holdInherited(found.number, .log, for: header.owner)
    let key = Contexts.Key(owner: header.owner, name: header.name)
    guard contexts.returning[key] == nil else {
      return refuse(
        Contexts.Key(owner: 0, name: "unreadable-\(found.number)"), [found.number],
        "there are two contexts \(header.name) of uid \(header.owner)")
    }
    let returning = Returning()
    returning.logs = [found.number]
    contexts.returning[key] = returning
    underWay += 1
    contexts.background(
      header.owner,
      Job(
        { () -> Result<(Found, SavedContext), LogFault> in
          do throws(LogFault) {
            return .success((found, try found.log.replay()))
          } catch {
            return .failure(error)
          }
        },
        next: { result throws(Failure) in
          switch result {
          case .success((_, let saved)): return self.build(found, saved, key, returning)
          case .failure(let fault):
            self.fail(key, returning, "\(fault)")
            return .done(())
          }
        }))
  }

  private func build(
    _ found: Found, _ saved: SavedContext, _ key: Contexts.Key, _ returning: Returning
  ) -> Outcome<Void> {
    var kept: [StoreNumber: [ContextBuilder.OwnedFile]] = [:]
    for memory in saved.memories.values {
      for descriptor in memory.descriptors {
        // The log counts on it, whether it is there or not.
        guard store.holdInherited(descriptor.store, .memory, for: key.owner),
          let file = try? store.open(descriptor.store, .memory)
        else { continue }
        kept[descriptor.store, default: []].append(ContextBuilder.OwnedFile(file))
      }
    }
    let restored = ContextBuilder.restored(found.log, saved)
    let context = contexts.makeReturning(key.name, of: key.owner, saved.options, restored)
    let builder = ContextBuilder(context, restored, found.log, saved, kept: kept, contexts)
    return .job(
      Job(
        { () -> LogFault? in
          do throws(LogFault) {
            try builder.run()
            return nil
          } catch {
            builder.isHandedOver = true
            Teardown(of: builder.context).run()
            return error
          }
        },
        then: { fault in
          context.countObjects()
          if let fault {
            context.removeAll()
            context.account.give(1, of: .contexts)
            self.fail(key, returning, "\(fault)")
          } else {
            self.publish(builder, found, key, returning)
          }
        }))
  }

  private func publish(
    _ builder: ContextBuilder, _ found: Found, _ key: Contexts.Key, _ returning: Returning
  ) {
    let context = builder.context
    builder.isHandedOver = true
    let log = ChangeLog(
      restored: found.log, number: found.number, builder.saved.answers, for: context, persistence)
    context.log = log
    if let id = builder.newlyQuarantined {
      journal.log(
        .warning, .degraded,
        "pages object \(id) of context \(key.name) was being pinned when the daemon was killed",
        .uid(key.owner), .context(key.name))
    }
    contexts.returned(context, as: key)
    FaultPoint.reached("returned")
    let degraded = context.degradedAreas
    let isWhole = degraded == 0 && builder.lost == 0
    journal.log(
      isWhole ? .info : .warning, isWhole ? .restored : .degraded,
      "context \(key.name) is back: \(context.objects.count) objects, \(builder.areas) areas, "
        + "\(degraded) of them degraded", .uid(key.owner), .context(key.name))
    if degraded > 0 {
      contexts.events.publish(.contextDegraded(ContextDegraded(areas: degraded)), in: context)
    }
    if context.options.frames == .physical {
      contexts.events.publish(.framesChanged(FramesChanged()), in: context)
    }
    end(key, returning)
    contexts.vanishIfIdle(context)
  }

  // MARK: What does not come back

  private func refuse(_ key: Contexts.Key, _ logs: [StoreNumber], _ fault: String) {
    let returning = Returning()
    returning.logs = logs
    for number in logs { store.holdInherited(number, .log, for: key.owner) }
    contexts.returning[key] = returning
    underWay += 1
    fail(key, returning, fault)
  }

  private func fail(_ key: Contexts.Key, _ returning: Returning, _ fault: String) {
    returning.fault = fault
    contexts.unreadable += 1
    journal.log(
      .error, .notRestored, "context \(key.name) does not come back: \(fault)", .uid(key.owner),
      .context(key.name))
    underWay -= 1
    returning.done.release()
    endIfDone()
  }

  private func end(_ key: Contexts.Key, _ returning: Returning) {
    contexts.returning[key] = nil
    underWay -= 1
    returning.done.release()
    endIfDone()
  }

  /// What a log that cannot be read speaks of is not known: everything is kept while there is one.
  private func endIfDone() {
    guard underWay == 0 else { return }
    contexts.frames.endReserving()
    if contexts.unreadable == 0 { store.sweep() }
  }

  /// Gives up a context that did not come back.
  func discard(_ key: Contexts.Key) {
    guard let returning = contexts.returning[key], returning.fault != nil else { return }
    for number in returning.logs { store.letGo(number, .log, of: key.owner) }
    contexts.returning[key] = nil
    contexts.unreadable -= 1
    journal.log(
      .notice, .notRestored, "context \(key.name), which could not be read, was given up", .uid(key.owner),
      .context(key.name))
    endIfDone()
  }
}
