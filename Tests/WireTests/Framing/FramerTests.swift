// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire
import Testing

private func run(_ text: String) -> [String] {
  var framer = Framer()
  framer.feed(text)
  return framer.drain()
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
      let before = framer.drain()
      framer.feed(Array(text[cut...]))
      let after = framer.drain()
      #expect(before + after == ["first", "second!", "third"], "cut at \(cut)")
    }
  }

  @Test func endOfStream() {
    var framer = Framer()
    framer.feed("a\nb")
    do {
      let seen = framer.drain()
      #expect(seen == ["a"])
    }
    let unfinished = framer.finish()
    #expect(unfinished)
    framer = Framer()
    framer.feed("a\n")
    do {
      let seen = framer.drain()
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
        seen += framer.drain()
      }
      #expect(seen.count == 2 && seen.last == "next")
      if let expected { #expect(seen.first == expected) } else { #expect(seen.first?.utf8.count == length) }
    }
  }

  @Test func longLinesOfBlanks() {
    var framer = Framer()
    framer.feed([UInt8](repeating: 0x20, count: WireLimit.lineBytes + 2) + Array("x\ny\n".utf8))
    do {
      let seen = framer.drain()
      #expect(seen == ["overlong", "y"])
    }
  }

  @Test func overlongLineWithoutAnEnd() {
    var framer = Framer()
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0..<8 {
      framer.feed(chunk)
      do {
        let seen = framer.drain()
        #expect(seen == [])
      }
      // Skipped bytes are not kept.
      #expect(framer.pendingBytes <= 1 << 20)
    }
    let unfinished = framer.finish()
    #expect(unfinished)
  }
}
