// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire
import Testing

/// Lines end with the number of descriptors that they declare; `!` stands for a broken one.
private func run(_ framer: inout Framer) -> [String] {
  var seen: [String] = []
  while true {
    switch framer.next() {
    case .none:
      return seen
    case .overlong:
      seen.append("overlong")
    case .fatal(let fatal):
      seen.append("\(fatal)")
      return seen
    case .line(let line):
      let text = unsafe String(decoding: framer.text(line), as: UTF8.self)
      do throws(Framer.Fatal) {
        if text.hasSuffix("!") {
          try framer.settleBroken(line)
          seen.append(text)
        } else {
          let batch = try framer.settle(line, declared: text.last?.wholeNumberValue ?? 0)
          seen.append(batch.map { "\(text)+\($0.count)" } ?? text)
        }
      } catch {
        seen.append("\(text) \(error)")
        return seen
      }
    }
  }
}

private func run(_ text: String) -> [String] {
  var framer = Framer()
  framer.feed(text)
  return run(&framer)
}

struct FramerTests {
  @Test func lines() {
    #expect(run("a\nb\n") == ["a", "b"])
    #expect(run("a\r\n\r\n\n  \n\t\n b \n") == ["a", "b"])
    #expect(run("a") == [])
    #expect(run("") == [])
    #expect(run("a\rb\n") == ["a\rb"])
  }

  @Test func linesCutAnywhere() {
    let text = Array("first\r\n\nsecond!\nthird\n".utf8)
    for cut in 0...text.count {
      var framer = Framer()
      framer.feed(Array(text[..<cut]))
      let before = run(&framer)
      framer.feed(Array(text[cut...]))
      let after = run(&framer)
      #expect(before + after == ["first", "second!", "third"], "cut at \(cut)")
    }
  }

  @Test func endOfStream() {
    var framer = Framer()
    framer.feed("a\nb")
    do {
      let seen = run(&framer)
      #expect(seen == ["a"])
    }
    let unfinished = framer.finish()
    #expect(unfinished)
    framer = Framer()
    framer.feed("a\n")
    do {
      let seen = run(&framer)
      #expect(seen == ["a"])
    }
    let rest = framer.finish()
    #expect(!rest)
  }

  @Test(arguments: [0, 1, 4095, 16384]) func longLines(_ chunk: Int) {
    let limit = WireLimit.lineBytes
    for (length, expected) in [(limit, nil), (limit + 1, "overlong"), (limit + 70000, "overlong")]
      as [(Int, String?)]
    {
      var framer = Framer()
      let line = [UInt8](repeating: UInt8(ascii: "x"), count: length)
      var rest = (line + Array("\nnext\n".utf8))[...]
      var seen: [String] = []
      while !rest.isEmpty {
        let part = chunk == 0 ? rest.count : min(chunk == 1 ? 65537 : chunk, rest.count)
        framer.feed(Array(rest.prefix(part)))
        rest = rest.dropFirst(part)
        seen += run(&framer)
      }
      #expect(seen.count == 2 && seen.last == "next")
      if let expected { #expect(seen.first == expected) } else { #expect(seen.first?.utf8.count == length) }
    }
  }

  @Test func longLinesOfBlanks() {
    var framer = Framer()
    framer.feed([UInt8](repeating: 0x20, count: WireLimit.lineBytes + 2) + Array("x\ny\n".utf8))
    do {
      let seen = run(&framer)
      #expect(seen == ["overlong", "y"])
    }
  }

  @Test func overlongLineWithoutAnEnd() {
    var framer = Framer()
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0..<8 {
      framer.feed(chunk)
      do {
        let seen = run(&framer)
        #expect(seen == [])
      }
      // Skipped bytes are not kept.
      #expect(framer.pendingBytes <= 1 << 20)
    }
    let unfinished = framer.finish()
    #expect(unfinished)
  }
}

/// Which batches belong to which lines. Every case also asserts that nothing stays open.
struct BatchTests {
  /// Parts as they were received: text, and how many descriptors came with it.
  private func run(_ parts: [(String, Int)]) throws -> [String] {
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
        seen += WireTests.run(&framer)
      }
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

  @Test func unclaimed() throws {
    #expect(try run([("a\n", 1)]) == ["a unclaimed(1)"])
    #expect(try run([("a\nb\n", 2)]) == ["a", "b unclaimed(2)"])
    #expect(try run([("\n", 1)]) == ["unclaimed(1)"])
    #expect(try run([("a\n\n\n", 1)]) == ["a", "unclaimed(1)"])
    #expect(try run([("a", 1), ("b1\n", 1)]) == ["ab1 unclaimed(1)"])
    #expect(try run([("a", 1), ("\n", 0)]) == ["a unclaimed(1)"])
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
