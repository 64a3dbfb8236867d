// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

extension Client {
  /// Sends everything that was collected, and keeps what arrives meanwhile: the daemon stops reading while
  /// its answers are not read.
  public func flush() throws(ClientError) {
    try keepingOn { () throws(ClientError) in try flushOnce() }
  }

  private func flushOnce() throws(ClientError) {
    while true {
      switch outbox.flush(to: socket) {
      case .all, .held:
        return
      case .failed(let errno):
        throw .lost(errno)
      case .blocked:
        if try waitUntilWritable() { try receiveMore(wait: false) }
      }
    }
  }

  /// Waits until the socket takes bytes; answers whether it also has some.
  private func waitUntilWritable() throws(ClientError) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN | POLLOUT), revents: 0)
    while unsafe poll(&entry, 1, -1) < 0 {
      guard errno == EINTR else { throw .lost(Errno.current) }
    }
    return Int32(entry.revents) & POLLIN != 0
  }

  private func receiveMore(wait: Bool) throws(ClientError) {
    switch socket.receive(into: &framer, wait: wait) {
    case .bytes, .blocked: return
    case .end: throw .lost(nil)
    case .failed(let errno): throw .lost(errno)
    }
  }

  /// Runs `body` on the answer to call `id`, for which it waits. Those to other calls are kept, and so are events.
  func receiveResponse<R>(
    to id: UInt64, _ body: (Response, DescriptorBatch?) throws(ClientError) -> R
  ) throws(ClientError) -> R {
    try keepingOn { () throws(ClientError) in
      if let (line, batch) = early.removeValue(forKey: id) {
        // The response is a view of it.
        defer { withExtendedLifetime(line) {} }
        return try body(try unsafe response(line.bytes), batch)
      }
      if let method = recovery?.uncertain.removeValue(forKey: id) { throw .uncertain(method) }
      return try awaitResponse(to: id, body)
    }
  }

  /// The same for an answer that cannot have come, over this connection alone.
  func awaitResponse<R>(
    to id: UInt64, _ body: (Response, DescriptorBatch?) throws(ClientError) -> R
  ) throws(ClientError) -> R {
    try flushOnce()
    while true {
      guard let (response, line, batch) = try nextResponse() else {
        try receiveMore(wait: true)
        continue
      }
      if response.id == .number(id) {
        recovery?.answered(id, isError: response.failure != nil)
        return try body(response, batch)
      }
      try keep(response, line, batch)
    }
  }

  /// Runs `body` on the next answer, whichever it is.
  func receiveResponse<R>(_ body: (Response, DescriptorBatch?) throws(ClientError) -> R) throws(ClientError)
    -> R
  {
    try flushOnce()
    while true {
      if let (response, _, batch) = try nextResponse() { return try body(response, batch) }
      try receiveMore(wait: true)
    }
  }

  /// Waits for an event, for at most `milliseconds`, and answers nil when none has come.
  ///
  /// Which events come ``EventsSubscribe`` says; who holds pins is told without it when somebody wants to unmap them,
  /// and when they are taken away. Events are kept while calls wait for their answers, up to a bound, behind which
  /// there is one of kind ``EventKind/lost``. Those of kinds that this library does not know are passed over.
  ///
  /// - Parameter milliseconds: 0 to look at what has come; nil to wait for as long as it takes.
  /// - Throws: ``ClientError/lost(_:)`` when the daemon has closed the connection, after all events.
  public func nextEvent(within milliseconds: UInt32? = nil) throws(ClientError) -> Event? {
    let deadline = milliseconds.map { Backoff.now + UInt64($0) }
    return try keepingOn { () throws(ClientError) in
      if let event = events.next() { return event }
      try flushOnce()
      while true {
        while let (response, line, batch) = try nextResponse() { try keep(response, line, batch) }
        if let event = events.next() { return event }
        let now = Backoff.now
        let left = deadline.map { $0 > now ? $0 - now : 0 }
        guard try waitUntilReadable(left) || left == nil || left ?? 0 > 0 else { return nil }
        try receiveMore(wait: false)
      }
    }
  }

  private func waitUntilReadable(_ milliseconds: UInt64?) throws(ClientError) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let count = unsafe poll(&entry, 1, milliseconds.map { Int32(clamping: $0) } ?? -1)
    guard count >= 0 || errno == EINTR else { throw .lost(Errno.current) }
    return count > 0
  }

  /// The next answer among what was received; nil when there is none yet. Events before it are kept.
  private func nextResponse() throws(ClientError) -> (Response, Framer.Line, DescriptorBatch?)? {
    while true {
      switch framer.next() {
      case .none:
        return nil
      case .overlong:
        throw .broken("the daemon sent a line of more than \(WireLimit.lineBytes) bytes")
      case .fatal(let fatal):
        throw .broken(fatal.failure.message)
      case .line(let line):
        let (response, batch) = try read(line)
        guard response.isNotification else { return (response, line, batch) }
        if let event = try? response.event() { events.append(event) }
      }
    }
  }

  /// Keeps an answer that nobody waits for yet.
  private func keep(
    _ response: Response, _ line: Framer.Line, _ batch: DescriptorBatch?
  ) throws(ClientError) {
    guard case .number(let id)? = response.id, id < nextID, early[id] == nil else {
      // An error without an id ends the connection: the daemon could not tell which line it was.
      if let failure = response.failure, response.id == nil { throw .refused(failure) }
      throw .broken("an answer came to a call that was not made")
    }
    recovery?.answered(id, isError: response.failure != nil)
    early[id] = (unsafe KeptLine(framer.text(line)), batch)
  }

  private func response(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> Response {
    do throws(Failure) {
      return try unsafe Response(bytes, &scanner)
    } catch {
      throw .broken(error.message)
    }
  }

  private func read(_ line: Framer.Line) throws(ClientError) -> (Response, DescriptorBatch?) {
    let response: Response
    do throws(ClientError) {
      response = try unsafe self.response(framer.text(line))
    } catch {
      try? framer.settleBroken(line)
      throw error
    }
    do throws(Framer.Fatal) {
      return (response, try framer.settle(line, declared: response.descriptors))
    } catch {
      throw .broken(error.failure.message)
    }
  }
}
