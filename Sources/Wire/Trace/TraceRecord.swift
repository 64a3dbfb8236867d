// SPDX-License-Identifier: Apache-2.0

/// One line of a trace: something that passed through one of the daemon's connections.
///
/// docs/trace.md shows each kind. What a kind does not have is nil.
package struct TraceRecord: Members {
  package enum Kind: String, Enumeration {
    /// The first line of a trace, about the trace itself.
    case trace
    /// A connection was accepted.
    case open
    /// The daemon took a line out of what a client sent.
    case request
    case answer
    case event
    /// The client has sent everything, and all of it was taken.
    case end
    case close
  }

  /// Who ended a connection.
  package enum Closer: String, Enumeration {
    case client, daemon
    /// The daemon, since it was told to end.
    case stop
  }

  /// The form of trace that is written and read here.
  package static let format: UInt32 = 1

  package var kind = Kind.trace
  /// Microseconds since the trace began.
  package var time: UInt64 = 0
  /// Counts the connections of the daemon from 1.
  package var connection: UInt64?

  package var format: UInt32?
  /// Of the daemon.
  package var version: String?
  /// Seconds since 1970 at which the trace began.
  package var began: UInt64?

  package var role: Role?
  package var uid: UInt32?

  /// A line without its newline, where it is UTF-8.
  package var text: String?
  /// The same where it is not.
  package var base64: Bytes?
  /// No newline follows: it is a piece of a line that is too long, or was never ended.
  package var more: Bool?
  /// Descriptors that came or went with the line.
  package var files: [TracedFile]?

  package var closer: Closer?

  package init() {}

  package init(_ kind: Kind, time: UInt64, connection: UInt64?) {
    self.kind = kind
    self.time = time
    self.connection = connection
  }

  package mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("time", &time, "microseconds since the trace began")
    try visitor.member("kind", &kind, "what happened")
    try visitor.option("connection", &connection, "counts the connections of the daemon from 1")
    try visitor.option("format", &format, "of the trace")
    try visitor.option("version", &version, "of the daemon")
    try visitor.option("began", &began, "seconds since 1970")
    try visitor.option("role", &role, "of the socket")
    try visitor.option("uid", &uid, "of the client")
    try visitor.option("text", &text, "a line without its newline")
    try visitor.option("base64", &base64, "a line that is not UTF-8, without its newline")
    try visitor.option("more", &more, "no newline follows")
    try visitor.option("fds", &files, "descriptors that go with the line")
    try visitor.option("by", &closer, "who ended the connection")
  }
}

extension TraceRecord {
  /// Reads one line of a trace with the memory of `scanner`. Members that are not known are passed over.
  package init(_ line: [UInt8], _ scanner: inout Scanner) throws(Failure) {
    let read = unsafe line.withUnsafeBytes { bytes -> Result<TraceRecord, Failure> in
      let reader: Reader
      do throws(Failure) { reader = try unsafe scanner.scan(bytes, tolerant: true) } catch {
        return .failure(error)
      }
      do throws(Failure) { return .success(try TraceRecord.read(reader, at: 0)) } catch {
        return .failure(error.field == nil ? .parse("a record \(error.message)") : error.sentence)
      }
    }
    self = try read.get()
  }

  /// The bytes of a line, as they went, without the newline.
  package var line: [UInt8] {
    get { text.map { Array($0.utf8) } ?? base64?.bytes ?? [] }
    set {
      text = String(validating: newValue, as: UTF8.self)
      base64 = text == nil ? Bytes(newValue) : nil
    }
  }
}
