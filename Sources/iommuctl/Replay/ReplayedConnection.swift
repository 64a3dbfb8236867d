// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

/// A connection that says what a recorded one said.
final class ReplayedConnection {
  /// A line that came, whole or as far as it was understood.
  struct Received {
    var bytes: [UInt8]
    var batch: DescriptorBatch?
    fileprivate var id: RequestID?
  }

  /// When something is given up, in nanoseconds of the clock that is never set.
  typealias Deadline = UInt64

  let role: Role
  let path: String
  /// What it has asked and was not answered yet: methods by ids.
  private var asked: [RequestID: [String]] = [:]
  /// What came and was not asked for yet.
  private(set) var answers: [Received] = []
  private(set) var events: [Received] = []
  /// Nothing more can be said or heard.
  private(set) var isOver = false
  /// Nothing more is expected.
  private(set) var isGivenUp = false
  private var hasMissedEvents = false

  private let socket: Socket
  private var outbox = Outbox()
  private var framer = Framer()
  private var scanner = Scanner()

  /// Connects to the daemon at `path`.
  init(_ role: Role, _ path: String) throws(Problem) {
    self.role = role
    self.path = path
    do throws(Errno) {
      socket = try Socket.connect(to: path)
    } catch {
      throw Problem(ClientError.unreachable(path: path, errno: error))
    }
  }

  /// Whether a request is still to be answered.
  var isWaiting: Bool { !asked.isEmpty }

  /// Forgets the request with this id and answers its method; nil where there is none.
  func settle(_ id: RequestID?) -> String? {
    guard let id, var methods = asked[id] else { return nil }
    defer { asked[id] = methods.isEmpty ? nil : methods }
    return methods.removeFirst()
  }

  // MARK: Sending

  /// Sends a line or a piece of one, and reads meanwhile: the daemon stops reading while it is not read.
  func send(_ bytes: [UInt8], isWhole: Bool, _ batch: DescriptorBatch?, by deadline: Deadline) throws(Problem)
  {
    note(bytes)
    outbox.line(bytes, isWhole: isWhole, batch)
    while !isOver {
      switch outbox.flush(to: socket) {
      case .all, .held: return
      case .failed: isOver = true
      case .blocked:
        guard let ready = wait(for: POLLIN | POLLOUT, by: deadline) else { return isOver = true }
        if ready & POLLIN != 0 { try receive() }
      }
    }
  }

  private func note(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { bytes in
      if case .request(let request) = unsafe Envelope.read(bytes, &scanner) {
        asked[request.id, default: []].append(request.method)
      }
    }
  }

  /// Waits until the daemon has taken everything that was sent, so that what others send comes after it.
  func waitUntilRead(by deadline: Deadline) {
    // Nothing tells when that is; mostly it is so already.
    while !isOver, iommu_unread(socket.rawValue) > 0, monotonicNanoseconds() < deadline {
      poll(nil, 0, 1)
    }
  }

  func finishSending() { socket.finishSending() }

  /// Ends the connection as if this process were gone.
  func disconnect() {
    isOver = true
    shutdown(socket.rawValue, Int32(SHUT_RDWR))
  }

  func giveUp() {
    isGivenUp = true
    disconnect()
  }

  // MARK: Receiving

  /// The answer to `id`, or the one that belongs to no request; nil when none comes.
  func answer(to id: RequestID?, by deadline: Deadline) throws(Problem) -> Received? {
    while true {
      if let place = answers.firstIndex(where: { $0.id == id }) { return answers.remove(at: place) }
      guard try receiveMore(by: deadline) else { return nil }
    }
  }

  /// The next event; nil when none comes.
  func event(by deadline: Deadline) throws(Problem) -> Received? {
    while events.isEmpty {
      // Where one has not come others will not either.
      guard try receiveMore(by: hasMissedEvents ? 0 : deadline) else {
        hasMissedEvents = true
        return nil
      }
    }
    return events.removeFirst()
  }

  /// Waits until the daemon has ended the connection, and answers whether it has.
  func waitForEnd(by deadline: Deadline) throws(Problem) -> Bool {
    while try receiveMore(by: deadline) {}
    return isOver
  }

  /// Waits for more; false when the time is up or the connection over.
  private func receiveMore(by deadline: Deadline) throws(Problem) -> Bool {
    guard !isOver, wait(for: POLLIN, by: deadline) != nil else { return false }
    try receive()
    return true
  }

  private func wait(for events: Int32, by deadline: Deadline) -> Int32? {
    var entry = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
    while true {
      let now = monotonicNanoseconds()
      let left = deadline > now ? (deadline - now + 999_999) / 1_000_000 : 0
      let count = unsafe poll(&entry, 1, Int32(clamping: left))
      if count > 0 { return Int32(entry.revents) }
      if count == 0, left == 0 { return nil }
    }
  }

  private func receive() throws(Problem) {
    switch socket.receive(into: &framer) {
    case .blocked: break
    case .bytes: try takeLines()
    case .end, .failed: isOver = true
    }
  }

  private func takeLines() throws(Problem) {
    while true {
      switch framer.next() {
      case .none: return
      case .overlong: throw .failed("the daemon sent a line of more than \(WireLimit.lineBytes) bytes")
      case .fatal(let fatal): throw .failed("the daemon broke the protocol: \(fatal.failure.message)")
      case .line(let line):
        do throws(Framer.Fatal) { try take(line) } catch {
          throw .failed("the daemon broke the protocol: \(error.failure.message)")
        }
      }
    }
  }

  private func take(_ line: Framer.Line) throws(Framer.Fatal) {
    let text = unsafe framer.text(line)
    var received = Received(bytes: unsafe Array(text))
    guard let response = try? unsafe Response(text, &scanner) else {
      try framer.settleBroken(line)
      return answers.append(received)
    }
    received.id = response.id
    let isEvent = response.isNotification
    received.batch = try framer.settle(line, declared: response.descriptors)
    if isEvent { events.append(received) } else { answers.append(received) }
  }
}
