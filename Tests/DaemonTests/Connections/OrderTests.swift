// SPDX-License-Identifier: Apache-2.0

import IommuWire
import Testing

@Suite struct OrderTests {
  @Test func `Pipelined requests are answered one by one in their order`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send((0..<3000).map { request("\($0)", "test.count") }.joined())
    for number in 0..<3000 {
      let line = try #require(try client.line())
      #expect(isResult(line, of: "\(number)"))
      #expect(member("number", of: line) == UInt64(number))
    }
  }

  @Test func `Nothing overtakes a job of the same connection, and others go on`() throws {
    let daemon = try TestDaemon()
    let (first, second) = (try daemon.connect(), try daemon.connect())
    try first.send(request("job", "test.gate") + request("after", "test.count"))
    daemon.gate.awaitArrivals(1)
    // If the request behind the job had been executed it would have been counted here.
    #expect(try second.number("test.count") == 0)
    try first.send(request("later", "test.count"))
    #expect(try second.number("test.count") == 1)
    #expect(!first.isReady(1))
    daemon.gate.open()
    #expect(isResult(try first.line(), of: "job"))
    let after = try #require(try first.line())
    #expect(isResult(after, of: "after"))
    #expect(member("number", of: after) == 2)
    #expect(isResult(try first.line(), of: "later"))
  }

  @Test func `A job may go on as others`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    #expect(try client.number("test.pieces", #"{"count":5}"#) == 5)
    #expect(try client.number("test.pieces", #"{"count":0}"#) == 0)
  }

  @Test func `A connection has its turn, and then others have theirs`() throws {
    let daemon = try TestDaemon { $0.limits.turn = 4 }
    let (hog, blocker, other) = (try daemon.connect(), try daemon.connect(), try daemon.connect())
    try blocker.send(request("b", "test.gate", #"{"blocks":true}"#))
    daemon.gate.awaitArrivals(1)
    // The loop stands still, so that both find it with their requests there.
    try hog.send((0..<200).map { request("\($0)", "test.count") }.joined())
    try other.send(request("o", "test.count"))
    daemon.gate.open()
    let place = try #require(member("number", of: try other.line() ?? ""))
    #expect(place <= 12)
    for number in 0..<200 { #expect(isResult(try hog.line(), of: "\(number)")) }
  }

  @Test func `What was read before the input ended is answered, and then the connection closes`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send((0..<600).map { request("\($0)", "test.count") }.joined())
    client.finishSending()
    for number in 0..<600 { #expect(isResult(try client.line(), of: "\(number)")) }
    #expect(try client.line() == nil)
  }

  @Test func `The input ends while a job runs`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(request("job", "test.gate") + request("after", "test.count"))
    client.finishSending()
    daemon.gate.awaitArrivals(1)
    daemon.gate.open()
    #expect(isResult(try client.line(), of: "job"))
    #expect(isResult(try client.line(), of: "after"))
    #expect(try client.line() == nil)
  }

  @Test func `A client that goes away while its job runs takes nothing with it`() throws {
    let daemon = try TestDaemon()
    let observer = try daemon.connect(.observer)
    do {
      let client = try daemon.connect()
      try client.send(request("job", "test.gate") + request("after", "test.count"))
      daemon.gate.awaitArrivals(1)
    }
    let stats = try #require(try observer.call("server.stats"))
    #expect(member("connections", of: stats) == 2)
    daemon.gate.open()
    // The connection is there until its job has run, and then no more.
    while member("connections", of: try observer.call("server.stats") ?? "") != 1 {}
  }
}
