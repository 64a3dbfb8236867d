// SPDX-License-Identifier: Apache-2.0

/// From a stream of bytes and descriptors to requests: ``Framer``, scanner and envelope in one.
package struct Inbox: ~Copyable {
  /// Where received bytes go.
  package var framer = Framer()
  private var scanner = Scanner()
  private var kept = KeptRequests()
  /// Those behind the kept ones that ``nextAhead()`` shows once more.
  private var again = KeptRequests()
  /// What was shown last, if it was a request.
  private var shown = Shown.nothing
  /// The line that ``Event/long`` is about.
  private var longLine: Long?
  /// Bytes and values of a line beyond which it is ``Event/long``.
  private let quick: (bytes: Int, values: Int)

  private enum Long {
    case received(Framer.Line)
    case kept(KeptLine, DescriptorBatch?)
  }

  private enum Shown {
    case nothing
    case received(Framer.Line)
    case kept(KeptLine)
  }

  /// - Parameter readsLong: whether lines of any length are read at once.
  package init(readsLong: Bool = true) {
    // A line with as much data as it may have is a matter of some 100 us; so is one of so many values.
    quick = readsLong ? (.max, .max) : (128 << 10, 1000)
  }

  package enum Event {
    /// Nothing before more is received.
    case none
    /// A request, which is a view until the next call, and the descriptors that it brought.
    case request(Request, DescriptorBatch?)
    /// To be answered with an error; the next line is read as usual.
    case refused(RequestID?, Failure)
    /// To be answered with an error, after which the connection closes.
    case fatal(RequestID?, Failure)
    /// A line that takes long to read. ``longText`` is to be read by ``LongLine`` and given to ``settle(_:)``.
    case long
  }

  /// The next event, those that were kept first. After ``Event/fatal(_:_:)`` there is nothing else. Amortised
  /// O(bytes).
  package mutating func next() -> Event {
    if let next = kept.next() ?? again.next() { return show(next) }
    return nextReceived()
  }

  // MARK: Reading ahead

  /// Events that were kept.
  package var keptCount: Int { kept.count + again.count }
  /// Bytes of their lines.
  package var keptBytes: Int { kept.bytes + again.bytes }
  /// Descriptors that were received and that no request has been given yet.
  package var pendingDescriptors: Int { framer.pendingDescriptors + kept.descriptors + again.descriptors }

  /// Whether some of those are still to be shown by ``nextAhead()``.
  package var isShowingAgain: Bool { !again.isEmpty }
  /// Whether the last of those ends the connection, so that nothing comes behind it.
  package var isAtEnd: Bool { kept.endsWithFatal || again.endsWithFatal }

  /// From now on ``nextAhead()`` shows again what was kept.
  package mutating func restartAhead() {
    guard !kept.isEmpty else { return }
    while let next = again.next() { kept.append(next) }
    swap(&kept, &again)
  }

  /// The next event behind those that were kept. Whoever does not deal with it at once keeps it.
  package mutating func nextAhead() -> Event {
    if let next = again.next() { return show(next) }
    // Nothing follows what ends the connection.
    if kept.endsWithFatal { return .none }
    return nextReceived()
  }

  /// Keeps the request that ``nextAhead()`` has just shown for ``next()``. O(bytes).
  package mutating func keepShown(_ batch: DescriptorBatch?) {
    switch shown {
    case .nothing: break
    case .received(let line): kept.append(.line(unsafe KeptLine(framer.text(line)), batch))
    case .kept(let line): kept.append(.line(line, batch))
    }
    shown = .nothing
  }

  package mutating func keep(refused id: RequestID?, _ failure: Failure) {
    kept.append(.refused(id, failure))
  }
  package mutating func keep(fatal id: RequestID?, _ failure: Failure) { kept.append(.fatal(id, failure)) }

  private mutating func show(_ next: KeptRequests.Kept) -> Event {
    shown = .nothing
    switch next {
    case .line(let line, let batch):
      shown = .kept(line)
      // It was read once, and is read to the same end again.
      let values = unsafe line.bytes.count > quick.bytes ? 0 : quick.values
      switch unsafe Envelope.read(line.bytes, &scanner, atMost: values) {
      case .request(let request): return .request(request, batch)
      case .refused(let id, _, let failure): return .refused(id, failure)
      case .broken(let failure): return .refused(nil, failure)
      case .long:
        longLine = .kept(line, batch)
        return .long
      }
    case .refused(let id, let failure): return .refused(id, failure)
    case .fatal(let id, let failure): return .fatal(id, failure)
    }
  }

  // MARK: Received

  private mutating func nextReceived() -> Event {
    shown = .nothing
    switch framer.next() {
    case .none:
      return .none
    case .overlong:
      return .refused(nil, .parse("a line is longer than \(WireLimit.lineBytes) bytes"))
    case .fatal(let fatal):
      return .fatal(nil, fatal.failure)
    case .line(let line):
      return read(line)
    }
  }

  /// The stream has ended, after everything before was taken out by ``next()``: the last event, if any.
  package mutating func finish() -> Event {
    framer.finish() ? .refused(nil, .parse("the last line has no newline")) : .none
  }

  private mutating func read(_ line: Framer.Line) -> Event {
    let text = unsafe framer.text(line)
    guard text.count <= quick.bytes else {
      longLine = .received(line)
      return .long
    }
    switch unsafe Envelope.read(text, &scanner, atMost: quick.values) {
    case .request(let request):
      shown = .received(line)
      switch settle(line, .request(request.id, descriptors: request.descriptors)) {
      case .request(_, let batch): return .request(request, batch)
      case .refused(let id, let failure): return .refused(id, failure)
      case .fatal(let id, let failure): return .fatal(id, failure)
      }
    case .refused(let id, let descriptors, let failure):
      return event(settle(line, .refused(id, descriptors: descriptors, failure)))
    case .broken(let failure):
      return event(settle(line, .broken(failure)))
    case .long:
      longLine = .received(line)
      return .long
    }
  }

  private func event(_ settled: Settled) -> Event {
    switch settled {
    case .request: preconditionFailure("a request is shown with what it brought")
    case .refused(let id, let failure): .refused(id, failure)
    case .fatal(let id, let failure): .fatal(id, failure)
    }
  }

  // MARK: Long lines

  /// A copy of the line that ``Event/long`` is about.
  package var longText: [UInt8] {
    switch longLine {
    case .received(let line): unsafe Array(framer.text(line))
    case .kept(let line, _): unsafe Array(line.bytes)
    case nil: []
    }
  }

  /// Whether that line was read ahead before, and only has to be kept again.
  package var isLongKept: Bool { if case .kept = longLine { true } else { false } }

  /// Keeps that line for ``next()`` again.
  package mutating func keepLong() {
    if case .kept(let line, let batch) = longLine.take() { kept.append(.line(line, batch)) }
  }

  /// Keeps that line, of which `text` is a copy, for ``next()``, now that it is known what it says.
  package mutating func keepLong(_ text: [UInt8], _ meaning: LongLine.Meaning) {
    switch settleLong(meaning) {
    case .request(_, let batch):
      kept.append(.line(unsafe text.withUnsafeBytes { unsafe KeptLine($0) }, batch))
    case .refused(let id, let failure): kept.append(.refused(id, failure))
    case .fatal(let id, let failure): kept.append(.fatal(id, failure))
    }
  }

  /// Reads that line at once after all.
  package mutating func readLong() -> Event {
    switch longLine.take() {
    case nil:
      return .none
    case .received(let line):
      framer.putBack(line)
      var patient = Inbox()
      swap(&patient.framer, &framer)
      swap(&patient.scanner, &scanner)
      defer {
        swap(&patient.framer, &framer)
        swap(&patient.scanner, &scanner)
      }
      return patient.nextReceived()
    case .kept(let line, let batch):
      switch unsafe Envelope.read(line.bytes, &scanner) {
      case .request(let request): return .request(request, batch)
      case .refused(let id, _, let failure): return .refused(id, failure)
      case .broken(let failure): return .refused(nil, failure)
      case .long: return .none
      }
    }
  }

  /// What has become of a line.
  package enum Settled {
    case request(RequestID, DescriptorBatch?)
    case refused(RequestID?, Failure)
    case fatal(RequestID?, Failure)
  }

  /// Passes the line that ``Event/long`` is about, now that it is known what it says.
  package mutating func settleLong(_ meaning: LongLine.Meaning) -> Settled {
    switch longLine.take() {
    case .received(let line):
      return settle(line, meaning)
    case .kept(_, let batch):
      switch meaning {
      case .request(let id, _): return .request(id, batch)
      case .refused(let id, _, let failure): return .refused(id, failure)
      case .broken(let failure): return .refused(nil, failure)
      }
    case nil:
      return .refused(nil, .parse("no line was left to be read"))
    }
  }

  private mutating func settle(_ line: Framer.Line, _ meaning: LongLine.Meaning) -> Settled {
    switch meaning {
    case .request(let id, let descriptors):
      do throws(Framer.Fatal) {
        return .request(id, try framer.settle(line, declared: descriptors))
      } catch {
        return .fatal(id, error.failure)
      }
    case .refused(let id, let descriptors, let failure):
      do throws(Framer.Fatal) {
        if let descriptors {
          // Let go at once: nobody will look at them.
          _ = try framer.settle(line, declared: descriptors)
        } else {
          try framer.settleBroken(line)
        }
        return .refused(id, failure)
      } catch {
        return .fatal(id, error.failure)
      }
    case .broken(let failure):
      do throws(Framer.Fatal) {
        try framer.settleBroken(line)
        return .refused(nil, failure)
      } catch {
        return .fatal(nil, error.failure)
      }
    }
  }
}

extension Framer.Fatal {
  /// What the peer is told before the connection closes.
  package var failure: Failure {
    switch self {
    case .mismatch(let declared, let received):
      .invalidRequest("the line declares \(declared) descriptors and \(received) came with it", field: "fds")
    case .unclaimed(let count):
      .invalidRequest("\(count) descriptors came that no line declares", field: "fds")
    case .truncated:
      .invalidRequest("descriptors were lost on the way: more came than this process may open", field: "fds")
    case .broken:
      .invalidRequest("descriptors came with a line that cannot be read", field: "fds")
    case .tooMany:
      Failure(.edquot, "more descriptors of this user wait for the ends of lines than may", field: "fds")
    }
  }
}
