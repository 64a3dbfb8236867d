// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// All connections, and what they share. Confined to the loop.
package final class ConnectionFloor {
  let loop: EventLoop
  let routes: [Route]
  let names: NameTable
  /// Read parameters away from the loop; one for each route.
  let readers: [@Sendable (Request) throws(Failure) -> any Sendable]
  let keeper: any SessionKeeper
  let traffic: Traffic
  let journal: ClientJournal
  let limits: ConnectionLimits
  let closer: Closer
  let workshop: Workshop
  let turns: Turns
  /// Where everything is recorded, if somewhere.
  package internal(set) var tracer: Tracer?
  /// Called after requests were answered or connections came or went.
  let changed: () -> Void

  private var connections: [SessionID: Connection] = [:]
  private var lastID: UInt64 = 0
  /// Descriptors on their way to clients.
  var unreadDescriptors = 0
  /// Descriptors that came and wait for the requests that they belong to, by the uid that sent them.
  private var waiting: [UInt32: Int] = [:]
  private var allWaiting = 0
  /// Connections that wait for other clients to read descriptors, or for theirs to be closed.
  private var crowded: Set<SessionID> = []
  private var crowdTimer: TimerSource?
  /// Connections that have something to be told.
  private var announced: Set<SessionID> = []
  private var herald: PostSource?
  private static var crowdInterval: UInt64 { 20_000 }

  /// - Parameter routes: one for each method; each name once.
  package init(
    _ loop: EventLoop, routes: [Route], keeper: any SessionKeeper, traffic: Traffic, journal: Journal,
    limits: ConnectionLimits = ConnectionLimits(), workshop: Workshop,
    changed: @escaping () -> Void
  ) throws(Errno) {
    self.loop = loop
    self.routes = routes
    names = NameTable(routes.map(\.name))
    readers = routes.map(\.read)
    self.keeper = keeper
    self.traffic = traffic
    self.journal = ClientJournal(journal, loop)
    self.limits = limits
    self.changed = changed
    closer = Closer()
    self.workshop = workshop
    turns = Turns(loop, limits)
    crowdTimer = try TimerSource(loop) { [unowned self] in relieve() }
    herald = PostSource(loop) { [unowned self] in tell() }
  }

  /// Takes over a connection that was accepted, from `peer` by a socket of `role`.
  package func open(_ descriptor: consuming OwnedDescriptor, _ peer: Peer, _ role: Role) {
    let discard = { [closer] (number: Int32) in closer.close(OwnedDescriptor(owning: number), for: peer.uid) }
    let socket = Socket(owning: descriptor, dispose: discard)
    lastID += 1
    let id = SessionID(rawValue: lastID)
    traffic.connections += 1
    tracer?.opened(id, peer, role)
    do throws(Failure) {
      let context = try keeper.sessionOpens(id, peer, role)
      let session = Session(
        id: id, peer: peer, role: role, context: context, discard: discard)
      keeper.sessionBegins(session)
      let connection = Connection(self, socket, session)
      connections[id] = connection
      traffic.open += 1
      connection.begin()
    } catch {
      journal.log(.notice, .connectionRefused, error.message, .uid(peer.uid))
      // One line always fits the socket's own buffer.
      var outbox = Outbox()
      outbox.refuse(nil, error)
      if let tracer {
        var traced: UInt64 = 0
        unsafe outbox.show(after: &traced) { line, batch in unsafe tracer.answered(id, line, batch) }
        tracer.closed(id, by: .daemon)
      }
      _ = outbox.flush(to: socket)
    }
    changed()
  }

  /// The connection has ended.
  func remove(_ connection: Connection) {
    guard connections.removeValue(forKey: connection.session.id) != nil else { return }
    crowded.remove(connection.session.id)
    announced.remove(connection.session.id)
    traffic.open -= 1
    keeper.sessionCloses(connection.session)
    changed()
  }

  /// The connection ends together with everything else.
  func forget(_ connection: Connection) {
    guard connections.removeValue(forKey: connection.session.id) != nil else { return }
    traffic.open -= 1
  }

  /// Finishes what runs, answers what can be answered at once, and ends all connections and threads.
  package func stop() {
    workshop.stop()
    for connection in Array(connections.values) { connection.resumeAll() }
    for connection in Array(connections.values) { connection.stop() }
    for connection in Array(connections.values) { connection.abandon() }
    closer.stop()
    tracer?.flush()
  }

  // MARK: Events

  /// Has `connection` send its events soon: not at once, since it may be in the middle of an answer.
  func announce(_ connection: Connection) {
    announced.insert(connection.session.id)
    herald?.post()
  }

  private func tell() {
    let told = announced
    announced = []
    for id in told { connections[id]?.tell() }
  }

  // MARK: Descriptors on their way

  /// So many descriptors more of `uid` wait for their requests.
  func noteWaiting(_ uid: UInt32, _ change: Int) {
    let now = waiting[uid, default: 0] + change
    waiting[uid] = now > 0 ? now : nil
    allWaiting += change
  }

  /// Whether many descriptors of `uid` wait for their requests: half of what it may have.
  func isCrowded(_ uid: UInt32) -> Bool {
    allWaiting > 0 && waiting[uid].map { $0 >= mostWaiting($0) / 2 } ?? false
  }

  /// Whether more of them wait than it may have. It gets there by lines without an end, on very many connections.
  func isOvercrowded(_ uid: UInt32) -> Bool { waiting[uid].map { $0 > mostWaiting($0) } ?? false }

  /// Half of what the others leave.
  private func mostWaiting(_ own: Int) -> Int { (limits.allWaitingDescriptors - (allWaiting - own)) / 2 }

  /// Has `connection` try again later, when other clients have read theirs or more is closed. Nothing tells the loop when that is, so
  /// it looks from time to time while somebody waits.
  func wait(_ connection: Connection) {
    crowded.insert(connection.session.id)
    if let crowdTimer, !crowdTimer.isSet { crowdTimer.set(after: Self.crowdInterval) }
  }

  private func relieve() {
    for connection in connections.values { connection.noteRead() }
    let waiting = crowded
    crowded = []
    for id in waiting { connections[id]?.proceed() }
  }
}
