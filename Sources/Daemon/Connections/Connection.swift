// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuWire

/// One client: reads its requests, has them done one after the other, and sends the answers in that order.
///
/// It knows no method. Reading stops while answers pile up, so that a client that does not read costs a
/// bounded amount of memory; work stops after a turn's worth, so that others get theirs.
final class Connection {
  enum Phase {
    /// Requests are read and answered.
    case open
    /// The input has ended, and what was read is still to be answered.
    case ending
    /// Nothing more is done; the last answers go out.
    case leaving
    case closed
  }

  /// The request under way, where it is not done at once.
  enum Pending {
    case job(RequestID, Progress.Resumption)
    case parked(RequestID, Parking)
    /// A worker reads it.
    case reading
  }

  /// Why no answers go out now.
  enum Blockade {
    case none
    /// The socket is full.
    case bytes
    /// The client has to read descriptors first.
    case descriptors
    /// Other clients have to read descriptors first.
    case crowd
  }

  let session: Session
  /// Holds the connection in turn, until it ends.
  let floor: ConnectionFloor
  let socket: Socket
  var inbox = Inbox(readsLong: false)
  var outbox = Outbox()
  /// Bytes of answers that a trace has seen.
  var traced: UInt64 = 0
  var phase = Phase.open
  /// The method of the request under way, for the journal.
  var current: StaticString = ""
  var pending: Pending?
  /// Requests at work on a worker that did not wait for the one that is parked.
  var ahead = AheadJobs()
  var blockade = Blockade.none
  /// Requests were left for later because too much waited for the client to read.
  var isHeldUp = false
  /// Too many descriptors of this uid are still to be closed.
  var isBehind = false
  /// Descriptors that came and wait for the requests that they belong to, as the floor knows it.
  private var waiting = 0
  /// Descriptors that were sent and perhaps not read yet.
  var unread = 0
  var source: IOSource?
  var farewell: TimerSource?
  /// It waits for its turn.
  var isPosted = false
  /// A worker reads a line while an earlier request is parked.
  var isReadingAhead = false
  /// What goes on in the next turns: work of a worker has come back.
  private var resumptions: [() -> Void] = []
  /// There is something to receive.
  private var isReadable = false

  init(_ floor: ConnectionFloor, _ socket: consuming Socket, _ session: Session) {
    self.floor = floor
    self.socket = socket
    self.session = session
  }

  /// Looks out for requests from now on.
  func begin() {
    inbox.framer.tap = floor.tracer.map { ConnectionTap($0, session.id) }
    do throws(Errno) {
      session.events.wake = { [unowned self] in floor.announce(self) }
      source = try IOSource(floor.loop, socket.rawValue, .readable) { [unowned self] events in
        ready(events)
      }
    } catch {
      drop("no event source: \(error)", error)
    }
  }

  // MARK: Events

  private func ready(_ events: IOSource.Events) {
    if events.contains(.writable), !outbox.isEmpty { flush() }
    let isGone = !events.isDisjoint(with: [.hungUp, .failed])
    // Nobody is left to read the answer that is waited for, nor to let go of anything.
    if isGone, isParked { return close(by: .client) }
    if canRead {
      isReadable = true
      floor.turns.ask(self)
      if isPosted { settle() }
      return
    } else if isGone, !isJobRunning, !isPosted {
      // Nobody is left to read answers.
      return close(by: .client)
    } else if isGone {
      // Told over and over until it is looked at, which is when the request under way is done.
      source?.isEnabled = false
      return
    } else if events.contains(.readable) {
      source?.events.remove(.readable)
      if events == .readable { return }
    }
    proceed()
  }

  private var isJobRunning: Bool {
    switch pending {
    case .job, .reading: true
    default: !ahead.isEmpty || isReadingAhead
    }
  }

  var isParked: Bool {
    if case .parked = pending { true } else { false }
  }

  /// Whether the next request in turn can be done.
  var isFree: Bool { pending == nil && ahead.isEmpty && !isReadingAhead }

  /// Whether it is time to receive.
  private var canRead: Bool {
    phase == .open && (isFree || mayReceiveAhead) && !isPosted && !isCongested
  }

  /// Whether too much waits for the client to read, or for what it brought to be closed.
  var isCongested: Bool {
    outbox.pendingBytes >= floor.limits.pausedBytes || blockade == .descriptors || blockade == .crowd
      || isBehind
  }

  /// Receives what is there. A message with descriptors ends one call, so there are several.
  private func receive() {
    for _ in 0..<floor.limits.messages {
      // What was refused has to be closed before more comes.
      guard !floor.closer.isBehind(session.uid) else {
        isBehind = true
        return floor.wait(self)
      }
      let before = inbox.framer.pendingDescriptors
      switch socket.receive(into: &inbox.framer) {
      case .bytes:
        let brought = inbox.framer.pendingDescriptors - before
        if brought == 0 { return }
        floor.traffic.descriptors += UInt64(brought)
        noteWaiting()
        if floor.isOvercrowded(session.uid) { inbox.framer.lose() }
        if !mayBringMore { return }
      case .end:
        phase = .ending
        return
      case .blocked:
        return
      case .failed:
        return close(by: .client)
      }
    }
  }

  /// Does what can be done, sends what can be sent, and looks out for what comes next.
  func proceed() {
    guard phase != .closed else { return }
    if isBehind {
      isBehind = floor.closer.isBehind(session.uid)
      if isBehind { floor.wait(self) }
    }
    if phase != .leaving { execute() }
    flush()
    settle()
  }

  /// Sends events that came while there was nothing else to do.
  func tell() {
    guard phase == .open || phase == .ending else { return }
    flush()
    settle()
  }

  /// Has `body` run in the next turn.
  func resume(_ body: @escaping () -> Void) {
    resumptions.append(body)
    floor.turns.ask(self)
  }

  /// Does without more turns what came back before the daemon stops.
  func resumeAll() {
    while !resumptions.isEmpty { resumptions.removeFirst()() }
  }

  /// Goes on with what came back, or receives if there is nothing else to do.
  func takeTurn() {
    if !resumptions.isEmpty {
      resumptions.removeFirst()()
      if !resumptions.isEmpty { yieldTurn() }
      return
    }
    guard phase != .closed else { return }
    if isReadable, canRead {
      isReadable = false
      receive()
    }
    proceed()
  }

  /// Gives the other connections their turn before this one goes on.
  func yieldTurn() { floor.turns.wait(self) }

  func settle() {
    guard phase != .closed else { return }
    noteWaiting()
    if outbox.pendingBytes > floor.limits.droppedBytes {
      return drop("\(outbox.pendingBytes) bytes of answers wait unread")
    }
    if phase == .leaving, outbox.isEmpty { return close() }
    // It may have read since, and nothing else would come of what is in the inbox already.
    if isHeldUp, !isCongested {
      isHeldUp = false
      yieldTurn()
    }
    // While a request is under way reading goes on until there is something: usually there is not.
    let mayRead = isFree || mayReceiveAhead || source?.events.contains(.readable) == true
    var events: IOSource.Events = []
    if phase == .open, mayRead, !isPosted, !isCongested { events.insert(.readable) }
    switch blockade {
    case .none, .crowd: break
    case .bytes: events.insert(.writable)
    case .descriptors: events.formUnion([.writable, .changes])
    }
    source?.events = events
    if isFree || isParked { source?.isEnabled = true }
  }

  /// Whether more descriptors may come before requests have taken those that did: of one line at least, which could not
  /// end otherwise, and of several where not many wait.
  var mayBringMore: Bool {
    waiting < (floor.isCrowded(session.uid) ? WireLimit.descriptors : floor.limits.aheadDescriptors)
  }

  /// Tells the floor how many descriptors wait for the requests that they belong to.
  func noteWaiting() {
    let now = phase == .closed ? 0 : inbox.pendingDescriptors
    guard now != waiting else { return }
    floor.noteWaiting(session.uid, now - waiting)
    waiting = now
  }

  // MARK: Sending

  /// Sends what the socket takes: answers, and events where not much waits before them.
  func flush() {
    repeat {
      takeEvents()
      guard phase != .closed, !outbox.isEmpty else { return }
      send()
    } while blockade == .none && !session.events.isEmpty
  }

  /// Puts events behind the answers, unless the client leaves those unread.
  private func takeEvents() {
    guard phase == .open || phase == .ending, !session.events.isEmpty else { return }
    while blockade == .none, outbox.pendingBytes < floor.limits.flushedBytes,
      let event = session.events.next()
    {
      outbox.notify(event)
    }
  }

  private func send() {
    traceAnswers()
    if outbox.pendingDescriptors > 0 { noteRead() }
    let own = max(0, floor.limits.unreadDescriptors - unread)
    let all = max(0, floor.limits.allUnreadDescriptors - floor.unreadDescriptors)
    let allowed = min(own, all)
    var left = allowed
    let result = outbox.flush(to: socket, descriptors: &left)
    unread += allowed - left
    floor.unreadDescriptors += allowed - left
    switch result {
    case .all: blockade = .none
    case .blocked: blockade = .bytes
    case .held: blockade = all < own ? .crowd : .descriptors
    case .failed(let errno) where errno.rawValue == ETOOMANYREFS: blockade = .crowd
    case .failed: close(by: .client)
    }
    if blockade == .crowd { floor.wait(self) }
  }

  /// Notes when the client has read everything that was sent.
  func noteRead() {
    guard unread > 0, iommu_unread(socket.rawValue) == 0 else { return }
    floor.unreadDescriptors -= unread
    unread = 0
  }
}
