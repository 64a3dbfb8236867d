// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// The log of one persistent context: whatever is noted and committed here comes back after a restart. Confined to the
/// loop.
///
/// A change is noted when the context's tables are changed, and committed before its request is answered. When the log
/// is nearly full it is written anew, in pieces: meanwhile what changes goes to the old one and to the new one, which
/// takes the old one's place once the service manager has it.
package final class ChangeLog {
  /// Who knows what there is to be written anew.
  unowned let context: Context
  let persistence: Persistence
  /// The daemon's number for the context, the same in all generations.
  let contextNumber: UInt64
  var log: StateLog
  /// Of the log in the store.
  var number: StoreNumber
  var rewrite: Rewrite?
  /// Why it could not be written anew, where nobody has tried again since.
  var failure: Failure?
  /// Results of requests that may be sent again.
  var answers = SavedAnswers()
  /// Those of them that are under way.
  private var running: Set<RequestKey> = []
  /// Released when something may go on that waited for the log.
  let changed = WaitList()
  /// Room that requests under way may need.
  private(set) var reserved = 0
  /// Something was noted that the log had no room for: nothing is committed until there is a new one.
  private var isShort = false
  /// Things that are noted in several turns of the loop just now.
  private var isOpen = 0
  /// Somebody else's changes wait for those.
  private var isPending = false
  /// The context is gone. Whatever still ends in it has no other log made.
  private var isClosed = false
  /// What the store was told last for this context.
  private var ticket: DescriptorStore.Ticket?
  /// Memory that the store may let go of once the log says so.
  private var leaving: [StoreNumber] = []

  /// Bytes of a log at least.
  static let leastCapacity = 64 << 10

  private init(
    _ context: Context, _ persistence: Persistence, contextNumber: UInt64, _ log: StateLog,
    number: StoreNumber
  ) {
    self.context = context
    self.persistence = persistence
    self.contextNumber = contextNumber
    self.log = log
    self.number = number
  }

  /// Nobody would keep what is to survive.
  static var notOffered: Failure {
    let words = "only a daemon that systemd has started, with room for descriptors, has contexts survive it"
    return Failure(.eopnotsupp, words, field: "persist")
  }

  /// A log for a context that holds nothing yet.
  ///
  /// - Throws: EOPNOTSUPP where nobody keeps it, ENOSPC when the store is full, EDQUOT, ENOMEM.
  static func make(for context: Context, _ persistence: Persistence) throws(Failure) -> ChangeLog {
    guard persistence.store.isThere else { throw notOffered }
    let contextNumber = persistence.nextContext()
    let log = try makeLog(of: context, contextNumber, generation: 1, capacity: leastCapacity)
    _ = log.append(.context(context.savedOptions))
    log.commit()
    log.isComplete = true
    do throws(StoreFull) {
      let number = try persistence.store.hold(log.descriptor, .log, for: context.owner)
      let made = ChangeLog(context, persistence, contextNumber: contextNumber, log, number: number)
      made.waitForStore()
      return made
    } catch {
      context.account.give(UInt64(log.capacity), of: .engineBytes)
      throw Failure(error, field: "persist")
    }
  }

  /// The log that a context was restored from.
  init(
    restored log: StateLog, number: StoreNumber, _ answers: SavedAnswers, for context: Context,
    _ persistence: Persistence
  ) {
    self.context = context
    self.persistence = persistence
    contextNumber = log.header.number
    self.log = log
    self.number = number
    self.answers = answers
    context.account.book(UInt64(log.capacity), insteadOf: 0, of: .engineBytes)
  }

  /// A log that `context` pays for.
  static func makeLog(
    of context: Context, _ number: UInt64, generation: UInt64, capacity: Int
  ) throws(Failure) -> StateLog {
    try context.take(UInt64(capacity), of: .engineBytes, field: nil)
    do throws(Errno) {
      return try StateLog.make(
        owner: context.owner, name: context.name ?? "", number: number, generation: generation,
        capacity: capacity)
    } catch {
      context.account.give(UInt64(capacity), of: .engineBytes)
      throw Failure(error, "a log of \(capacity) bytes cannot be made: \(error)")
    }
  }

  // MARK: Changes

  /// Something is otherwise from now on. It is kept once it is committed.
  func note(_ change: Change) {
    if !isShort, !log.append(change) { isShort = true }
    rewrite?.note(change)
  }

  /// What is noted until it is shut belongs together, whatever else is committed meanwhile.
  func open() { isOpen += 1 }

  func shut() { isOpen -= 1 }

  /// Keeps what was noted, unless that is still half of something: then it is kept with the rest. It is never kept before
  /// the store's descriptors that it speaks of are on their way there: who is killed between leaves no memory behind
  /// that nobody has.
  func commit() {
    isPending = isOpen > 0 || !isSent
    if isPending { return }
    if isShort {
      rewriteIfNeeded()
      return
    }
    log.commit()
    rewrite?.commit()
    letGo()
    rewriteIfNeeded()
    if rewrite != nil { persistence.schedule(self) }
    if !changed.isEmpty { changed.release() }
  }

  private func letGo() {
    for number in leaving { persistence.store.letGo(number, .memory, of: context.owner) }
    leaving = []
  }

  /// Whether all that was committed would come back now.
  var isSettled: Bool {
    guard !isShort, !isPending else { return false }
    guard let ticket else { return true }
    guard persistence.store.hasPassed(ticket) else { return false }
    self.ticket = nil
    return true
  }

  /// Answers when all that was committed would come back.
  func whenSettled<R>(_ answer: @escaping () -> R) -> Outcome<R> {
    if isSettled { return .done(answer()) }
    return .parked(
      Parked(
        on: changed, milliseconds: Self.patience, attempt: { self.isSettled ? .done(answer()) : nil },
        expire: { Self.unsettled }))
  }

  static var unsettled: Failure {
    Failure(.eio, "it is done, but the service manager does not say that a restart would not undo it")
  }

  /// Milliseconds for which the service manager, or room, is waited for.
  static var patience: UInt32 { 60_000 }

  // MARK: Descriptors

  /// Has the store keep a descriptor of memory.
  ///
  /// - Throws: ENOSPC.
  func keep(_ descriptor: Int32, field: String) throws(Failure) -> StoreNumber {
    do throws(StoreFull) {
      let number = try persistence.store.hold(descriptor, .memory, for: context.owner)
      waitForStore()
      return number
    } catch {
      throw Failure(error, field: field)
    }
  }

  /// What is kept is not needed once the log says so.
  func release(_ number: StoreNumber) { leaving.append(number) }

  func waitForStore() {
    ticket = persistence.store.barrier()
    waitForBarrier()
    if !isSent {
      _ = persistence.store.sent.add { [weak self] in
        guard let self, isPending else { return }
        commit()
      }
    }
  }

  private var isSent: Bool { ticket.map(persistence.store.hasSent) ?? true }

  private func waitForBarrier() {
    guard !isSettled, ticket != nil else { return }
    _ = persistence.store.passed.add { [weak self] in
      guard let self else { return }
      waitForBarrier()
      changed.release()
    }
  }

  /// Has the log say which pages object is being pinned again, 0 for none, so that a daemon that is killed over one does
  /// not try again by itself. Any thread.
  var repinning: @Sendable (UInt32) -> Void {
    let shared = Shared(log: log)
    return { shared.log.repinning = $0 }
  }

  private struct Shared: @unchecked Sendable {
    let log: StateLog
  }

  // MARK: Room

  /// Takes room for what a request may note; false when there is none now.
  func reserve(_ bytes: Int) -> Bool {
    guard hasRoom(bytes) else { return false }
    reserved += bytes
    return true
  }

  /// Whether ``reserve(_:)`` would succeed.
  func hasRoom(_ bytes: Int) -> Bool {
    !isShort && log.capacity - log.used - reserved >= bytes && rewrite?.hasRoom(reserved + bytes) ?? true
  }

  func unreserve(_ bytes: Int) { reserved -= bytes }

  /// Begins to make room for so many bytes.
  func makeRoom(_ bytes: Int) throws(Failure) {
    if rewrite == nil { try beginRewrite(room: reserved + bytes) }
  }

  private func rewriteIfNeeded() {
    guard rewrite == nil, !isClosed, isShort || log.used > log.capacity / 4 * 3 else { return }
    do throws(Failure) {
      try beginRewrite(room: reserved)
    } catch {
      complain(error)
    }
  }

  /// The new generation is in the store: it is the log from now on.
  func succeed(by next: StateLog, _ nextNumber: StoreNumber) {
    let old = (log, number)
    log = next
    number = nextNumber
    rewrite = nil
    isShort = false
    FaultPoint.reached("succeeded")
    persistence.store.letGo(old.1, .log, of: context.owner)
    context.account.give(UInt64(old.0.capacity), of: .engineBytes)
    letGo()
    persistence.replaced.release()
    changed.release()
  }

  /// The context is gone, and all that is kept for it.
  func close() {
    isClosed = true
    endRewrite()
    // Memory without a log is nobody's, and let go by the next daemon at the latest; a log without its memory would come
    // back as half a context.
    persistence.store.letGo(number, .log, of: context.owner)
    letGo()
    context.account.give(UInt64(log.capacity), of: .engineBytes)
    changed.release()
  }

  // MARK: Keys

  /// Whether a request of that key is under way.
  func isRunning(_ key: RequestKey) -> Bool { running.contains(key) }

  func begins(_ key: RequestKey) { running.insert(key) }

  /// The request is done, and remembered, or failed.
  func ends(_ key: RequestKey) {
    running.remove(key)
    changed.release()
  }

  /// Remembers the result of a request.
  func remember(_ answer: SavedAnswer) {
    note(.answer(answer))
    answers.add(answer)
  }
}

/// Names a request so that it can be sent again: by its sender and the sender's own word for it.
struct RequestKey: Hashable {
  var token: String
  var key: String
}
