// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// All contexts: those of single connections, and those that users have given names. Confined to the loop.
package final class Contexts {
  /// A name belongs to its user.
  struct Key: Hashable, Comparable {
    var owner: UInt32
    var name: String

    /// Of what stands for a log that does not even say whose it is.
    var isNameless: Bool { owner == 0 && name.hasPrefix("unreadable-") }

    static func < (a: Key, b: Key) -> Bool { (a.owner, a.name) < (b.owner, b.name) }
  }

  /// Runs a job that belongs to no request, for a uid.
  package typealias Background = (_ uid: UInt32, _ job: Job<Void>) -> Void

  package let quotas: Quotas
  package let census = Census()
  /// Who is told what happens in them.
  package let events = EventHub()
  /// Who waits to unmap something.
  let waiters = UnmapWaiters()
  /// Bus frames for all memory.
  package let frames = FrameAllocator()
  /// Memory for I/O page tables of all contexts.
  private let pools = TablePools(pages: 256, chunks: 2)
  /// What a new context begins with.
  package var options = ContextOptions()
  /// Where the machine's frames are looked up, once somebody has asked for them.
  package internal(set) var pagemap: Pagemap?
  let background: Background
  /// Where what survives the daemon is kept; nil where nothing does.
  package private(set) var persistence: Persistence?
  private var restoration: Restoration?
  /// Those that were there before the daemon was started and are not there yet, or cannot be read.
  var returning: [Key: Returning] = [:]
  /// How many of them cannot be read.
  package internal(set) var unreadable = 0
  private(set) var named: [Key: Context] = [:]
  private(set) var anonymous: [ObjectIdentifier: Context] = [:]
  /// Destroyed ones that a worker is taking down.
  private var leaving: [ObjectIdentifier: Context] = [:]

  package init(quotas: Quotas, background: @escaping Background) {
    self.quotas = quotas
    self.background = background
  }

  /// The engine's objects do not die with anything in them, also when the daemon ends in the middle of its work.
  deinit {
    forEach { context in
      Teardown(of: context).run()
      context.untie()
    }
  }

  package var count: Int { named.count + anonymous.count + leaving.count }

  package func forEach(_ body: (Context) -> Void) {
    for context in named.values { body(context) }
    for context in anonymous.values { body(context) }
    for context in leaving.values { body(context) }
  }

  // MARK: Coming

  /// A context for a connection of `uid` alone, which is counted as working in it.
  package func makeAnonymous(for uid: UInt32) -> Context {
    let context = make(name: nil, account: quotas.account(of: uid))
    context.connections = 1
    anonymous[ObjectIdentifier(context)] = context
    return context
  }

  /// The context that `owner` calls `name`.
  package func find(_ name: String, of owner: UInt32) -> Context? { named[Key(owner: owner, name: name)] }

  /// A new context of that name, in which nobody works yet.
  ///
  /// - Throws: EDQUOT when `owner` has too many.
  package func makeNamed(_ name: String, of owner: UInt32) throws(Failure) -> Context {
    let account = quotas.account(of: owner)
    do {
      try account.take(1, of: .contexts)
    } catch {
      throw Failure(error, field: "name")
    }
    let context = make(name: name, account: account)
    named[Key(owner: owner, name: name)] = context
    return context
  }

  /// Brings back what was there before the daemon was started, and has new contexts survive it.
  package func begin(_ persistence: Persistence) {
    self.persistence = persistence
    let restoration = Restoration(self, persistence)
    self.restoration = restoration
    restoration.begin()
  }

  /// A context that is about to come back. Nobody finds it before it has.
  func makeReturning(
    _ name: String, of owner: UInt32, _ saved: SavedOptions, _ restored: Restored
  ) -> Context {
    let account = quotas.account(of: owner)
    account.book(1, insteadOf: 0, of: .contexts)
    let context = make(name: name, account: account, tables: RestoredTables(account, restored))
    context.restored = restored
    context.options.frames = saved.frames
    context.options.rlimitMode = saved.rlimitMode
    if saved.frames == .physical, pagemap == nil { pagemap = try? Pagemap() }
    return context
  }

  /// It is there.
  func returned(_ context: Context, as key: Key) { named[key] = context }

  /// Gives up a context that cannot be read.
  func discard(_ key: Key) { restoration?.discard(key) }

  /// - Parameter tables: pays for I/O page tables; nil: the account does.
  private func make(name: String?, account: Account, tables: (any TableBudget)? = nil) -> Context {
    let budget = tables ?? account
    let tables = PageTables { [pools] (shape) throws(Refusal) in
      try shape.makeDomain(pools: pools, budget: budget)
    }
    return Context(name: name, account: account, options: options, tables: tables, census: census) {
      [background] owner, grave in
      background(owner, Job({ grave.close() }, then: { (_: Void) in }))
    }
  }

  /// Lets `session` work in `context` instead of where it worked so far.
  package func move(_ session: Session, to context: Context) {
    let left = session.context
    if session.worksThere { context.connections += 1 }
    session.context = context
    leave(left, session)
  }

  // MARK: Going

  /// Connection `session` works in `context` no more: its pins are dropped, and a context that nobody else has
  /// goes as a whole.
  package func leave(_ context: Context, _ session: Session) {
    if context.name != nil, !session.worksThere { return }
    context.connections -= 1
    // Whoever destroys it lets go of everything, the pins of this connection too.
    if context.isDestroyed { return }
    if context.name == nil {
      let teardown = beginTeardown(of: context)
      guard teardown.isNeeded else { return endTeardown(of: context, teardown) }
      background(
        context.owner, Job({ teardown.run() }, then: { () in self.endTeardown(of: context, teardown) }))
    } else {
      dropPins(of: session.id, in: context)
      vanishIfIdle(context)
    }
  }

  private func dropPins(of session: SessionID, in context: Context) {
    for access in context.accesses.values {
      let ids = access.held.filter { $0.value.session == session }.map(\.key)
      guard !ids.isEmpty else { continue }
      let engine = access.access
      access.inFlight += 1
      context.inFlight += 1
      let job = Job<Void>(
        { for id in ids { _ = try? engine.unpin(id) } },
        next: { () throws(Failure) in
          try .inPieces(ids.count, busy: []) { (number) throws(Failure) in
            access.forget(ids[number])
          } next: { () throws(Failure) in
            try context.settling { () throws(Failure) in
              access.inFlight -= 1
              context.inFlight -= 1
              access.settled()
              self.vanishIfIdle(context)
              return .done(())
            }
          }
        })
      background(context.owner, job)
    }
  }

  /// A named context outlives its connections only while it holds something.
  package func vanishIfIdle(_ context: Context) {
    // A look at pages may have been the last to hold them.
    context.settle()
    guard let name = context.name, context.connections == 0, context.inFlight == 0, context.objects.isEmpty,
      !context.isDestroyed
    else { return }
    context.isDestroyed = true
    named[Key(owner: context.owner, name: name)] = nil
    context.account.give(1, of: .contexts)
    context.closeLog()
  }

  /// Shuts a context in which no request is under way and answers what is left to do: `run` on any thread, then
  /// ``endTeardown(of:_:)``.
  package func beginTeardown(of context: Context) -> Teardown {
    precondition(context.inFlight == 0 && !context.isDestroyed)
    context.isDestroyed = true
    // Its name is free at once.
    if let name = context.name { named[Key(owner: context.owner, name: name)] = nil }
    anonymous[ObjectIdentifier(context)] = nil
    leaving[ObjectIdentifier(context)] = context
    // Unmaps that wait in it are told so.
    for space in context.spaces.values { space.settled() }
    return Teardown(of: context)
  }

  package func endTeardown(of context: Context, _ teardown: Teardown) {
    census.pins -= teardown.pins
    context.closeLog()
    context.removeAll()
    leaving[ObjectIdentifier(context)] = nil
    if context.name != nil { context.account.give(1, of: .contexts) }
  }
}

/// All that the engine has to let go of when a context is destroyed.
package struct Teardown: Sendable {
  /// Objects that the context held.
  package let objects: UInt64
  /// Pins among what its accesses hold.
  package let pins: UInt64
  private let accesses: [Access]
  private let spaces: [AddressSpace]
  private let devices: [Device]
  /// Tables that do not go with their devices.
  private let lasting: [PageTable]
  private let tables: PageTables

  init(of context: Context) {
    lasting = context.pageTables.values.map(\.table).filter { !$0.isAutomatic }
    spaces = context.spaces.values.map(\.space)
    devices = context.devices.values.map(\.device)
    accesses = context.accesses.values.map(\.access)
    pins = context.accesses.values.reduce(0) { $0 + UInt64($1.held.count) }
    tables = context.tables
    objects = UInt64(context.objects.count)
  }

  /// Whether there is anything to let go of.
  package var isNeeded: Bool { !(accesses.isEmpty && spaces.isEmpty && devices.isEmpty) }

  /// Takes as long as it takes.
  package func run() {
    for access in accesses { _ = try? access.close() }
    for space in spaces { _ = try? space.unmapAll() }
    for device in devices { _ = try? tables.detach(device) }
    for table in lasting { _ = try? tables.destroy(table) }
  }
}

extension Session {
  /// Whether a named context stays for it. Those who only look keep nothing alive: it would count against its owner.
  fileprivate var worksThere: Bool { role != .observer }
}
