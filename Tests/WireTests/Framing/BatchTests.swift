// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire
import Testing

/// Which batches belong to which lines. Every case also asserts that nothing stays open.
struct BatchTests {
  /// Parts as they were received: text, and how many descriptors came with it.
  ///
  /// - Parameter late: look at lines only once everything was received.
  private func run(_ parts: [(String, Int)], late: Bool = false) throws -> [String] {
    var inodes: Set<UInt64> = []
    var seen: [String] = []
    do {
      var framer = Framer()
      for (text, count) in parts {
        var descriptors: [Int32] = []
        for _ in 0..<count {
          let (descriptor, inode) = try Descriptors.make()
          inodes.insert(inode)
          descriptors.append(descriptor)
        }
        framer.feed(text, descriptors)
        if !late { seen += framer.drain() }
      }
      if late { seen = framer.drain() }
    }
    #expect(try Descriptors.open(among: inodes) == 0)
    return seen
  }

  @Test func ofOneLine() throws {
    #expect(try run([("a1\n", 1)]) == ["a1+1"])
    #expect(try run([("a3\nb\nc2\n", 3)]) == ["a3+3", "b", "c2 mismatch(declared: 2, received: 0)"])
    #expect(try run([("a", 2), ("2\n", 0)]) == ["a2+2"])
    #expect(try run([("a1\n", 1), ("b2\n", 2), ("c\n", 0)]) == ["a1+1", "b2+2", "c"])
  }

  @Test func mergedWithLinesBefore() throws {
    // The kernel may hand lines without descriptors out together with the next that has some.
    #expect(try run([("a\nb\nc1\nd\n", 1)]) == ["a", "b", "c1+1", "d"])
    #expect(try run([("a\nb", 1), ("1\n", 0)]) == ["a", "b1+1"])
    // Only the last byte of a line came with the next one's descriptors.
    #expect(try run([("a", 0), ("\nb1\n", 1)]) == ["a", "b1+1"])
    #expect(try run([("b1\nc", 1), ("2\n", 2)]) == ["b1+1", "c2+2"])
  }

  @Test func mismatches() throws {
    #expect(try run([("a1\n", 0)]) == ["a1 mismatch(declared: 1, received: 0)"])
    #expect(try run([("a1\n", 2)]) == ["a1 mismatch(declared: 1, received: 2)"])
    #expect(try run([("a2\n", 1)]) == ["a2 mismatch(declared: 2, received: 1)"])
    // The batch came later than the line.
    #expect(
      try run([("a1\n", 0), ("b\n", 1)]) == ["a1 mismatch(declared: 1, received: 0)"] + [
        "mismatch(declared: 1, received: 0)"
      ])
    // The oldest batch counts, not one that would fit.
    #expect(try run([("a", 1), ("2\n", 2)]) == ["a2 mismatch(declared: 2, received: 1)"])
  }

  /// What was received before any line was looked at keeps its place in the stream.
  @Test func readAhead() throws {
    #expect(try run([("a1\n", 1), ("b\n", 0), ("c2\n", 2)], late: true) == ["a1+1", "b", "c2+2"])
    #expect(try run([("a\n", 0), ("b1\n", 1)], late: true) == ["a", "b1+1"])
    #expect(try run([("a1\n", 0), ("b1\n", 1)], late: true) == ["a1 mismatch(declared: 1, received: 0)"])
    #expect(try run([("a!\n", 0), ("b1\n", 1)], late: true) == ["a!", "b1+1"])
    #expect(try run([("a!\n", 1), ("b\n", 0)], late: true) == ["a! broken"])
    #expect(try run([("a\n", 1), ("b1\n", 0)], late: true) == ["a unclaimed(1)"])
  }

  @Test func unclaimed() throws {
    #expect(try run([("a\n", 1)]) == ["a unclaimed(1)"])
    #expect(try run([("a\nb\n", 2)]) == ["a", "b unclaimed(2)"])
    #expect(try run([("\n", 1)]) == ["unclaimed(1)"])
    #expect(try run([("a\n\n\n", 1)]) == ["a", "unclaimed(1)"])
    #expect(try run([("a", 1), ("b1\n", 1)]) == ["ab1 unclaimed(1)"])
    #expect(try run([("a", 1), ("\n", 0)]) == ["a unclaimed(1)"])
  }

  /// Nobody can pile descriptors up behind a line that never ends.
  @Test func unclaimableWithoutTheEndOfTheLine() throws {
    #expect(try run([("a", 1), ("b", 2)]) == ["unclaimed(2)"])
    #expect(try run([("a", 17)]) == ["unclaimed(17)"])
    #expect(try run([("a", 16)]) == [])
    #expect(try run([("a1\nb", 1), ("c", 1), ("d", 3)]) == ["a1+1", "unclaimed(3)"])
    #expect(try run([("a1\nb", 1), ("c", 1), ("d", 3)], late: true) == ["a1+1", "unclaimed(3)"])
  }

  @Test func brokenLines() throws {
    #expect(try run([("a!\nb\n", 0)]) == ["a!", "b"])
    #expect(try run([("a!\n", 1)]) == ["a! broken"])
    #expect(try run([("a!\nb1\n", 1)]) == ["a! broken"])
    #expect(try run([("a!\n", 0), ("b1\n", 1)]) == ["a!", "b1+1"])
    #expect(try run([("b1\n", 1), ("a!\n", 0)]) == ["b1+1", "a!"])
  }

  @Test func overlongLines() throws {
    let long = String(repeating: "x", count: WireLimit.lineBytes + 1)
    #expect(try run([(long + "\na1\n", 0)]) == ["overlong", "a1 mismatch(declared: 1, received: 0)"])
    #expect(try run([(long + "\n", 0), ("a1\n", 1)]) == ["overlong", "a1+1"])
    #expect(try run([(long, 1), ("\na\n", 0)]) == ["broken", "broken"])
    #expect(try run([(long, 0), ("xx\na1\n", 1)]) == ["broken"])
    #expect(try run([("x", 1), (long + "\n", 0)]) == ["broken"])
  }

  @Test func unfinishedStreamClosesWhatCame() throws {
    #expect(try run([("a1", 1)]) == [])
    #expect(try run([("a1\nb", 1), ("c", 3)]) == ["a1+1"])
  }

  @Test func truncatedControlData() throws {
    let (descriptor, inode) = try Descriptors.make()
    var framer = Framer()
    framer.feed("a2\n", [descriptor], truncated: true)
    guard case .fatal(.truncated) = framer.next() else {
      Issue.record("not fatal")
      return
    }
    framer = Framer()
    #expect(try Descriptors.open(among: [inode]) == 0)
  }

  @Test func takenDescriptorsStayOpen() throws {
    let (descriptor, inode) = try Descriptors.make()
    do {
      var framer = Framer()
      framer.feed("a1\n", [descriptor])
      guard case .line(let line) = framer.next() else {
        Issue.record("no line")
        return
      }
      let batch = try #require(try framer.settle(line, declared: 1))
      #expect(batch.number(0) == descriptor && batch.number(1) == nil && batch.number(-1) == nil)
      do {
        guard let taken = batch.take(0) else {
          Issue.record("nothing to take")
          return
        }
        #expect(taken.rawValue == descriptor)
        #expect(batch.take(0) == nil && batch.number(0) == nil)
      }
      #expect(!Descriptors.isOpen(descriptor) || Descriptors.inode(descriptor) != inode)
    }
  }
}
