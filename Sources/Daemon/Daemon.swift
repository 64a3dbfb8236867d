// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

/// The assembled daemon: loop, connections, and the rooms above them. Made, run and let go by one thread.
package final class Daemon {
  package struct Options: Sendable {
    /// Sockets to make.
    package var listen: [ListenAddress] = []
    /// Sockets and descriptors that systemd handed over are taken, and it is told how the daemon does.
    package var isService = false
    /// Where a service manager listens that keeps descriptors, in place of the one that started the process.
    package var notifyAddress: String?
    /// What that one kept.
    package var stored: [StoredDescriptor] = []
    /// Whether SIGTERM and SIGINT, which the caller has blocked, end the daemon.
    package var takesSignals = false
    /// Seconds without connections and without state after which the daemon ends; nil for never.
    package var idleSeconds: UInt64?
    package var limits = ConnectionLimits()
    /// Limits other than the usual ones; of two for the same, the last.
    package var quotas: [QuotaSetting] = []
    package var workers = WorkerPool.usualSize
    /// Microseconds after which a worker that has not come back is replaced.
    package var patience: UInt64 = 10_000_000
    package var journal = Journal.standard
    /// A file to record all requests and answers in.
    package var trace: String?

    package init() {}
  }

  /// What the rooms above the connections are built upon.
  package struct Ground {
    package let loop: EventLoop
    package let traffic: Traffic
    package let journal: Journal
    package let workshop: Workshop
    package let store: DescriptorStore
  }

  /// What the connections serve.
  package struct Rooms {
    package var routes: [Route]
    package var keeper: any SessionKeeper

    package init(routes: [Route], keeper: any SessionKeeper) {
      self.routes = routes
      self.keeper = keeper
    }
  }

  let loop: EventLoop
  let floor: ConnectionFloor
  let workshop: Workshop
  private let keeper: any SessionKeeper
  private let traffic: Traffic
  private let journal: Journal
  private let store: DescriptorStore
  private var manager: ServiceManager?
  private var listeners: [Listener] = []
  private var signals: [SignalSource] = []
  private var idleTimer: TimerSource?
  private let idleTime: UInt64?
  private let requests: Mailbox<Void>
  private var requestSource: IOSource?

  /// Opens the sockets; clients that connect wait until ``run()``.
  ///
  /// - Parameter assemble: makes what the connections serve.
  package init(
    _ options: Options, assemble: (Ground) throws(StartFailure) -> Rooms
  ) throws(StartFailure) {
    do {
      var inherited = options.isService ? try ListeningSocket.inherited() : ListeningSocket.Inherited()
      let loop = try EventLoop()
      let traffic = Traffic()
      let workshop = try Workshop(
        loop, workers: options.workers, patience: options.patience, journal: options.journal)
      let address = options.notifyAddress ?? (options.isService ? Notifier.ownAddress : nil)
      let notifier = try address.map { try Notifier(loop, address: $0, journal: options.journal) }
      let store = try DescriptorStore(
        loop, notifier, capacity: options.isService ? DescriptorStore.ownCapacity : nil,
        inherited: inherited.stored + options.stored, journal: options.journal)
      let rooms = try assemble(
        Ground(
          loop: loop, traffic: traffic, journal: options.journal, workshop: workshop, store: store))
      let changes = Changes()
      traffic.loopGap = { [unowned loop] in loop.longestTurn }
      traffic.stuckWorkers = { [pool = workshop.pool] in UInt64(pool.stuckCount) }
      self.loop = loop
      self.traffic = traffic
      self.workshop = workshop
      self.store = store
      journal = options.journal
      keeper = rooms.keeper
      // Beyond 500,000 years it makes no difference.
      idleTime = options.idleSeconds.map { min($0, .max / 1_000_000) * 1_000_000 }
      requests = try Mailbox()
      floor = try ConnectionFloor(
        loop, routes: rooms.routes, keeper: rooms.keeper, traffic: traffic, journal: options.journal,
        limits: options.limits, workshop: workshop, changed: { changes.call() })
      changes.daemon = self
      workshop.changed = { changes.call() }
      if let notifier {
        manager = try ServiceManager(loop, notifier) { [unowned self] in keeper.status }
        let period = options.isService ? ServiceManager.ownWatchdogPeriod : nil
        if let period { try manager?.keepWatchdog(loop, period: period) }
      }
      try open(options, &inherited)
    } catch let failure as StartFailure {
      throw failure
    } catch {
      throw StartFailure("\(error)")
    }
  }

  /// Breaks the circle between the daemon and its connections.
  private final class Changes {
    unowned var daemon: Daemon?
    func call() { daemon?.changed() }
  }

  /// The sources go before the descriptors that they watch.
  deinit {
    requestSource = nil
    listeners = []
  }

  private func open(_ options: Options, _ inherited: inout ListeningSocket.Inherited) throws {
    requestSource = try IOSource(loop, requests.readiness, .readable) { [unowned self] _ in
      if !requests.take().isEmpty { stop() }
    }
    if options.takesSignals {
      for signal in [SIGTERM, SIGINT] {
        signals.append(try SignalSource(loop, signal) { [unowned self] in stop() })
      }
    }
    while let socket = inherited.take() { listeners.append(try Listener(socket, floor)) }
    for address in options.listen {
      let socket = try ListeningSocket(role: address.role, path: address.path)
      listeners.append(try Listener(socket, floor))
    }
    // The last that may fail, so that no trace of nothing is left.
    if let path = options.trace { floor.tracer = Tracer(loop, try TraceFile(path), journal) }
    if idleTime != nil { idleTimer = try TimerSource(loop) { [unowned self] in retire() } }
  }

  /// Sockets that clients can connect to.
  package var listenerCount: Int { listeners.count }

  /// Has ``run()`` return. Any thread.
  package var stopper: @Sendable () -> Void {
    { [requests] in requests.send(()) }
  }

  /// Serves until it is told to stop, and answers the exit status of the process.
  package func run() -> Int32 {
    manager?.ready()
    journal.log(.info, .started, "ready, listening on \(listeners.count) sockets")
    keeper.daemonBegins()
    changed()
    do throws(Errno) {
      return try loop.run()
    } catch {
      journal.log(.error, .internalError, "the event loop failed: \(error)", .errno(error))
      return 1
    }
  }

  // MARK: Ending

  private func stop() {
    manager?.stopping()
    journal.log(.info, .stopping, "stopping")
    listeners = []
    floor.stop()
    loop.exit(0)
  }

  private func changed() {
    manager?.changed()
    guard let idleTimer, let idleTime else { return }
    if isIdle {
      if !idleTimer.isSet { idleTimer.set(after: idleTime) }
    } else {
      idleTimer.cancel()
    }
  }

  /// What the service manager keeps would go with a daemon that ends on its own accord.
  private var isIdle: Bool {
    traffic.open == 0 && workshop.count == 0 && !keeper.holdsState && store.count == 0
  }

  /// Ends the daemon unless somebody has come in the last moment.
  private func retire() {
    for listener in listeners { listener.accept() }
    if isIdle { stop() } else { changed() }
  }
}

/// Why the daemon cannot start, for whoever starts it.
package struct StartFailure: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// Where to listen, and what clients may do there.
package struct ListenAddress: Sendable, Equatable {
  package var role: Role
  package var path: String

  package init(role: Role = .user, path: String) {
    self.role = role
    self.path = path
  }

  /// Reads `[ROLE:]PATH`; nil for an empty path.
  package init?(_ text: String) {
    var (role, path) = (Role.user, Substring(text))
    if let colon = text.firstIndex(of: ":"), let named = Role(rawValue: String(text[..<colon])) {
      role = named
      path = text[text.index(after: colon)...]
    }
    guard !path.isEmpty else { return nil }
    self.init(role: role, path: String(path))
  }
}
