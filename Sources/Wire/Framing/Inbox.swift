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

  private enum Shown {
    case nothing
    case received(Framer.Line)
    case kept(KeptLine)
  }

  package init() {}

  package enum Event {
    /// Nothing before more is received.
    case none
    /// A request, which is a view until the next call, and the descriptors that it brought.
    case request(Request, DescriptorBatch?)
    /// To be answered with an error; the next line is read as usual.
    case refused(RequestID?, Failure)
    /// To be answered with an error, after which the connection closes.
    case fatal(RequestID?, Failure)
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
      switch unsafe Envelope.read(line.bytes, &scanner) {
      case .request(let request): return .request(request, batch)
      case .refused(let id, _, let failure): return .refused(id, failure)
      case .broken(let failure): return .refused(nil, failure)
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
    switch unsafe Envelope.read(framer.text(line), &scanner) {
    case .request(let request):
      shown = .received(line)
      do throws(Framer.Fatal) {
        return .request(request, try framer.settle(line, declared: request.descriptors))
      } catch {
        return .fatal(request.id, error.failure)
      }
    case .refused(let id, let descriptors, let failure):
      do throws(Framer.Fatal) {
        if let descriptors {
          // Closed at once: nobody will look at them.
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
    }
  }
}
