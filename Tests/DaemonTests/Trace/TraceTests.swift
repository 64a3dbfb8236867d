// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite struct TraceTests {
  @Test func `A connection is recorded from its beginning to its end, byte by byte`() throws {
    let recorded = try RecordedDaemon()
    let client = try recorded.daemon.connect(.observer)
    let line = "  " + request("größe\\u0041", "test.count").dropLast() + " \t\r"
    try client.send(line + "\n\n")
    let answer = try #require(try client.line())
    client.finishSending()
    #expect(try client.line() == nil)
    let records = try recorded.records()
    #expect(records.map(\.kind) == [.open, .request, .answer, .end, .close])
    #expect(records.allSatisfy { $0.connection == 1 })
    #expect(records[0].role == .observer && records[0].uid == geteuid())
    #expect(records[1].text == line && records[1].more == nil && records[1].files == nil)
    #expect(records[2].text == answer)
    #expect(records[4].closer == .daemon)
  }

  @Test func `Answers stand before the requests that were done after them`() throws {
    let recorded = try RecordedDaemon()
    let client = try recorded.daemon.connect()
    try client.send((0..<300).map { request("\($0)", "test.count") }.joined())
    for _ in 0..<300 { _ = try client.line() }
    let outline = try recorded.records().outline
    #expect(
      outline == ["open 1"] + (0..<300).flatMap { ["request 1 \($0)", "answer 1 \($0)"] } + ["close 1"])
  }

  @Test func `While a request waits, those of others and those read ahead are recorded as they are done`()
    throws
  {
    let recorded = try RecordedDaemon()
    let (first, second) = (try recorded.daemon.connect(), try recorded.daemon.connect(.admin))
    try first.send(request("park", "test.park", #"{"milliseconds":60000}"#) + request("kept", "test.count"))
    try first.send(request("ahead", "test.urgent", #"{"works":false}"#))
    #expect(isResult(try first.line(), of: "ahead"))
    _ = try second.call("test.release", #"{"count":1}"#)
    #expect(isResult(try first.line(), of: "park"))
    #expect(isResult(try first.line(), of: "kept"))
    let outline = try recorded.records().outline
    #expect(
      outline.filter { $0.hasSuffix("1") || $0.contains(" 1 ") } == [
        "open 1", "request 1 park", "request 1 kept", "request 1 ahead", "answer 1 ahead", "answer 1 park",
        "answer 1 kept", "close 1",
      ])
    let release = try #require(outline.firstIndex(of: "request 2 c"))
    #expect(try #require(outline.firstIndex(of: "answer 1 ahead")) < release)
    #expect(try #require(outline.firstIndex(of: "answer 1 park")) > release)
  }

  @Test
  func
    `A client that goes while its request waits has ended the connection, and a daemon that stops says so`()
    throws
  {
    let recorded = try RecordedDaemon()
    let other = try recorded.daemon.connect(.observer)
    do {
      let client = try recorded.daemon.connect()
      try client.send(request("park", "test.park", #"{"milliseconds":60000}"#))
    }
    while member("connections", of: try other.call("server.stats") ?? "") != 1 {}
    let closings = try recorded.records().filter { $0.kind == .close }
    #expect(closings.map(\.closer) == [.client, .stop])
    #expect(closings.map(\.connection) == [2, 1])
  }

  @Test func `Lines that are no requests are recorded as they came`() throws {
    let recorded = try RecordedDaemon()
    let client = try recorded.daemon.connect()
    let broken = Array("{\"x\u{1}\":".utf8) + [0xFF, 0x00, 0xE2, 0x82]
    let long = [UInt8](repeating: UInt8(ascii: "y"), count: 3 << 20)
    try client.send("[1]\n")
    _ = try client.line()
    for bytes in [broken, long] {
      var rest = (bytes + [10])[...]
      while !rest.isEmpty {
        do throws(Errno) { rest = rest.dropFirst(try client.sendSome(rest)) } catch { sched_yield() }
      }
      #expect(errorCode(try client.line()) == -32700)
    }
    try client.send("{\"unfinished")
    client.finishSending()
    #expect(errorCode(try client.line()) == -32700)
    let requests = try recorded.records().filter { $0.kind == .request }
    #expect(requests[0].text == "[1]")
    #expect(requests[1].text == nil && requests[1].base64?.bytes == broken)
    let pieces = requests[2..<(requests.count - 1)]
    #expect(pieces.flatMap(\.line) == long)
    #expect(pieces.dropLast().allSatisfy { $0.more == true } && pieces.last?.more == nil)
    #expect(requests.last?.text == "{\"unfinished" && requests.last?.more == true)
  }

  @Test func `A line that a worker reads is recorded once`() throws {
    let recorded = try RecordedDaemon()
    let client = try recorded.daemon.connect()
    let line = request("long", "test.count", #"{"x":"\#(String(repeating: "z", count: 300_000))"}"#)
    try client.send(line)
    #expect(errorCode(try client.line()) == -32602)
    let records = try recorded.records()
    #expect(records.map(\.kind) == [.open, .request, .answer, .close])
    #expect(records[1].text == String(line.dropLast()))
  }
}
