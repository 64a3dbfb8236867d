// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// Does what a trace records, in its order, and compares what the daemon says to it.
///
/// A record is done when everything before it is: requests go out when the answers before them are here.
struct Replayer: ~Copyable {
  typealias Deadline = ReplayedConnection.Deadline

  private(set) var outcome = ReplayOutcome()
  private let sockets: [Role: String]
  /// Nanoseconds by which an answer may come later than in the trace.
  private let patience: UInt64
  private let start = monotonicNanoseconds()
  private var connections: [UInt64: ReplayedConnection] = [:]
  /// Who has sent last, and may not have been heard yet.
  private var lastSender: ReplayedConnection?
  private var files = ReplayedFiles()
  private var described = TracedFiles()
  /// Whether no descriptor has passed by which somebody could have written.
  private var knowsContents = true
  private var scanner = Scanner()

  /// - Parameters:
  ///   - sockets: of all roles that the trace has.
  ///   - patience: milliseconds by which an answer may come later than in the trace.
  init(_ sockets: [Role: String], patience: UInt32) {
    self.sockets = sockets
    self.patience = UInt64(patience) * 1_000_000
  }

  mutating func replay(_ entry: TraceReader.Entry) throws(Problem) {
    let record = entry.record
    guard let number = record.connection else { return }
    if record.kind == .open { return try open(number, record) }
    guard let connection = connections[number] else { return }
    let deadline = deadline(of: record)
    switch record.kind {
    case .trace, .open: break
    case .request: try request(entry, connection, by: deadline)
    case .answer: try answer(entry, connection, by: deadline)
    case .event: try event(entry, connection, by: deadline)
    case .end: connection.finishSending()
    case .close: try close(entry, connection, by: deadline)
    }
  }

  /// Nothing in a replay has to be later than in the trace, which has the time that clients took to think.
  private func deadline(of record: TraceRecord) -> Deadline {
    max(monotonicNanoseconds(), start + min(record.time, 1 << 50) * 1000) + patience
  }

  // MARK: Records

  private mutating func open(_ number: UInt64, _ record: TraceRecord) throws(Problem) {
    guard let role = record.role, let path = sockets[role] else { return }
    connections[number] = try ReplayedConnection(role, path)
  }

  private mutating func request(
    _ entry: TraceReader.Entry, _ connection: ReplayedConnection, by deadline: Deadline
  ) throws(Problem) {
    let record = entry.record
    var batch: DescriptorBatch?
    if let traced = record.files {
      do throws(Problem) { batch = try files.make(traced) } catch {
        throw .failed("line \(entry.line): \(error.message ?? "")")
      }
      // For the numbers of files.
      _ = batch.map { described.describe($0) }
      knowsContents = false
    }
    guard !connection.isOver else { return }
    lastSender?.waitUntilRead(by: deadline)
    try connection.send(record.line, isWhole: record.more != true, batch, by: deadline)
    lastSender = connection
    outcome.requests += 1
  }

  private mutating func answer(
    _ entry: TraceReader.Entry, _ connection: ReplayedConnection, by deadline: Deadline
  ) throws(Problem) {
    let recorded = entry.record.line
    let id = unsafe recorded.withUnsafeBytes { try? unsafe Response($0, &scanner).id }
    let method = connection.settle(id) ?? ""
    outcome.answers += 1
    guard let received = try connection.answer(to: id, by: deadline) else {
      return miss(entry, method, connection)
    }
    let traced = entry.record.files ?? []
    var same = compare(entry, method, "", recorded, received.bytes)
    let came = received.batch.map { described.describe($0) } ?? []
    if !traced.isEmpty || !came.isEmpty {
      same = compare(entry, method, "fds", Self.json(traced), Self.json(came)) && same
      if let batch = received.batch { try files.keep(batch, traced) }
      knowsContents = false
    }
    if same { outcome.sameAnswers += 1 }
  }

  private mutating func event(
    _ entry: TraceReader.Entry, _ connection: ReplayedConnection, by deadline: Deadline
  ) throws(Problem) {
    outcome.events += 1
    guard var received = try connection.event(by: deadline) else { return miss(entry, "event", connection) }
    // What a client that did not read in time has missed is told here, where all is read.
    if let recorded = read(entry.record.line), recorded.kind == .lost {
      while let event = read(received.bytes), event.seq < recorded.seq {
        guard let next = try connection.event(by: deadline) else { return miss(entry, "event", connection) }
        received = next
      }
      outcome.sameEvents += 1
      return
    }
    if compare(entry, "event", "", entry.record.line, received.bytes) { outcome.sameEvents += 1 }
  }

  private mutating func read(_ line: [UInt8]) -> Event? {
    unsafe line.withUnsafeBytes { try? unsafe Response($0, &scanner).event() }
  }

  private mutating func close(
    _ entry: TraceReader.Entry, _ connection: ReplayedConnection, by deadline: Deadline
  ) throws(Problem) {
    connections[entry.record.connection ?? 0] = nil
    if lastSender === connection { lastSender = nil }
    // The replay does not stop the daemon.
    if entry.record.closer == .stop { return }
    if entry.record.closer == .client, connection.isWaiting {
      try leave(connection)
    } else {
      if entry.record.closer == .client { connection.finishSending() }
      if try !connection.waitForEnd(by: deadline) { differ(entry, "", "connection", "closed", "open") }
    }
    let rest = connection.answers.map { ("", $0) } + connection.events.map { ("event", $0) }
    for (method, received) in rest { differ(entry, method, "", nil, Self.text(of: received.bytes)) }
  }

  /// Ends a connection whose request is not answered yet: its end alone would be seen only after the answer.
  private func leave(_ connection: ReplayedConnection) throws(Problem) {
    connection.disconnect()
    // Nothing tells when the daemon has noticed. It has done so once it takes something from a connection in a later
    // turn of its loop than that in which it took the first from there.
    try Problem.catching { () throws(ClientError) in
      let client = try Client.connect(to: connection.path)
      for _ in 0..<2 { _ = try client.call(ServerInfo()) }
      try client.finishSending()
      _ = try client.receiveLine()
    }
  }

  // MARK: Differences

  /// Compares two texts at `path` and answers whether they say the same.
  private mutating func compare(
    _ entry: TraceReader.Entry, _ method: String, _ path: String, _ before: [UInt8], _ after: [UInt8]
  ) -> Bool {
    let differences = JSONDifference.all(before, after) { [knowsContents] place in
      MayDiffer.allows(method, path + place, knowsContents: knowsContents)
    }
    for each in differences { differ(entry, method, path + each.path, each.before, each.after) }
    return differences.isEmpty
  }

  /// What was to come has not come. From a connection that owes an answer nothing more is expected.
  private mutating func miss(_ entry: TraceReader.Entry, _ method: String, _ connection: ReplayedConnection) {
    if connection.isGivenUp { return }
    differ(entry, method, "", Self.text(of: entry.record.line), nil)
    if entry.record.kind == .answer { connection.giveUp() }
  }

  private mutating func differ(
    _ entry: TraceReader.Entry, _ method: String, _ path: String, _ before: String?, _ after: String?
  ) {
    var item = ReplayOutcome.Item()
    item.line = entry.line
    item.connection = entry.record.connection ?? 0
    item.method = method
    item.path = path
    item.before = before
    item.after = after
    outcome.items.append(item)
  }

  private static func text(of bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private static func json(_ files: [TracedFile]) -> [UInt8] {
    var writer = Writer()
    files.write(to: &writer)
    return Array(writer.text.utf8)
  }
}
