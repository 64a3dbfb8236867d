// SPDX-License-Identifier: Apache-2.0

/// From a stream of bytes and descriptors to requests: ``Framer``, scanner and envelope in one.
package struct Inbox: ~Copyable {
  /// Where received bytes go.
  package var framer = Framer()
  private var scanner = Scanner()

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

  /// The next event. After ``Event/fatal(_:_:)`` there is nothing else. Amortised O(bytes).
  package mutating func next() -> Event {
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
