// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire
import Testing

/// Requests that are read before their turn.
struct InboxAheadTests {
  private func line(_ id: Int, fds: Int = 0) -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"m\#(id)""# + (fds > 0 ? #","fds":\#(fds)}"# : "}") + "\n"
  }

  private func name(_ event: Inbox.Event) -> String {
    switch event {
    case .none: "none"
    case .request(let request, let batch): request.method + (batch.map { "+\($0.count)" } ?? "")
    case .refused(_, let failure): "refused \(failure.code)"
    case .fatal(_, let failure): "fatal \(failure.code)"
    case .long: "long"
    }
  }

  private func rest(_ inbox: inout Inbox) -> [String] {
    var seen: [String] = []
    while true {
      let next = name(inbox.next())
      if next == "none" { return seen }
      seen.append(next)
      if next.hasPrefix("fatal") { return seen }
    }
  }

  /// Reads ahead and keeps everything but the requests of `executed`, whose names it answers.
  private func readAhead(_ inbox: inout Inbox, executing executed: Set<String>) -> [String] {
    var seen: [String] = []
    while true {
      let event = inbox.nextAhead()
      switch event {
      case .none, .long: return seen
      case .request(let request, let batch):
        if executed.contains(request.method) { seen.append(name(event)) } else { inbox.keepShown(batch) }
      case .refused(let id, let failure): inbox.keep(refused: id, failure)
      case .fatal(let id, let failure): inbox.keep(fatal: id, failure)
      }
    }
  }

  @Test func whatIsKeptComesInItsOrderAndBeforeWhatIsReceivedLater() throws {
    var inbox = Inbox()
    inbox.framer.feed(line(1) + line(2) + "broken\n" + line(3))
    #expect(readAhead(&inbox, executing: ["m2"]) == ["m2"])
    let kept = (inbox.keptCount, inbox.keptBytes)
    #expect(kept.0 == 3 && kept.1 > 0)
    inbox.framer.feed(line(4) + line(5))
    #expect(readAhead(&inbox, executing: ["m5"]) == ["m5"])
    inbox.framer.feed(line(6))
    #expect(rest(&inbox) == ["m1", "refused -32700", "m3", "m4", "m6"])
    let left = (inbox.keptCount, inbox.keptBytes)
    #expect(left == (0, 0))
  }

  @Test func descriptorsStayWithTheirLines() throws {
    var inodes: Set<UInt64> = []
    do {
      var inbox = Inbox()
      for (id, count) in [(1, 2), (2, 0), (3, 1)] {
        let made = try (0..<count).map { _ in try Descriptors.make() }
        inodes.formUnion(made.map(\.inode))
        inbox.framer.feed(line(id, fds: count), made.map(\.descriptor))
      }
      var pending = [inbox.pendingDescriptors]
      #expect(readAhead(&inbox, executing: ["m2"]) == ["m2"])
      pending.append(inbox.pendingDescriptors)
      let first = name(inbox.next())
      #expect(first == "m1+2")
      pending.append(inbox.pendingDescriptors)
      #expect(pending == [3, 3, 1])
      #expect(try Descriptors.open(among: inodes) == 1)
    }
    #expect(try Descriptors.open(among: inodes) == 0)
  }

  @Test func whatWasKeptIsLookedAtOnceMore() throws {
    var inbox = Inbox()
    inbox.framer.feed(line(1) + line(2) + line(3) + line(4))
    #expect(readAhead(&inbox, executing: []) == [])
    #expect(name(inbox.next()) == "m1")
    inbox.restartAhead()
    // In the middle of it the order holds, too.
    if case .request(_, let batch) = inbox.nextAhead() { inbox.keepShown(batch) }
    let isShowingAgain = inbox.isShowingAgain
    #expect(isShowingAgain)
    #expect(name(inbox.nextAhead()) == "m3")
    inbox.restartAhead()
    inbox.framer.feed(line(5))
    #expect(readAhead(&inbox, executing: ["m4"]) == ["m4"])
    #expect(rest(&inbox) == ["m2", "m5"])
  }

  @Test func nothingFollowsWhatEndsTheConnection() throws {
    var inbox = Inbox()
    inbox.framer.feed(line(1) + line(2, fds: 1) + line(3))
    #expect(readAhead(&inbox, executing: ["m3"]) == [])
    var isAtEnd = [inbox.isAtEnd]
    inbox.restartAhead()
    isAtEnd.append(inbox.isAtEnd)
    #expect(isAtEnd == [true, true])
    #expect(readAhead(&inbox, executing: ["m3"]) == [])
    #expect(rest(&inbox) == ["m1", "fatal -32600"])
  }
}
