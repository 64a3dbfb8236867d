// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct ParkingTests {
  @Test func `A parked request goes on when what it waits for is let go of`() throws {
    let daemon = try TestDaemon()
    let (waiting, other, admin) = (try daemon.connect(), try daemon.connect(), try daemon.connect(.admin))
    try waiting.send(request("p", "test.park", #"{"milliseconds":60000}"#) + request("n", "test.count"))
    #expect(try other.number("test.count") == 0)
    // A release that lets nobody through: it tries and waits on.
    #expect(isResult(try admin.call("test.release", #"{"count":0}"#), of: "c"))
    #expect(isResult(try admin.call("test.count"), of: "c"))
    #expect(!waiting.isReady(POLLIN))
    #expect(isResult(try admin.call("test.release", #"{"count":1}"#), of: "c"))
    let answer = try #require(try waiting.line())
    #expect(isResult(answer, of: "p"))
    #expect(member("number", of: answer) == 2)
    #expect(isResult(try waiting.line(), of: "n"))
  }

  @Test func `A parked request fails when its time is up`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    #expect(errorCode(try client.call("test.park", #"{"milliseconds":20}"#)) == Int(EBUSY))
    #expect(try client.number("test.count") == 0)
  }

  @Test func `A client that goes away leaves its place in the list`() throws {
    let daemon = try TestDaemon()
    let admin = try daemon.connect(.admin)
    do {
      let client = try daemon.connect()
      try client.send(request("p", "test.park", #"{"milliseconds":60000}"#))
      // Until the request is there; answers come in order, so a second connection tells.
      while member("requests", of: try admin.call("server.stats") ?? "") == nil {}
    }
    let left = ContinuousClock.now
    while member("connections", of: try admin.call("server.stats") ?? "") != 1 {}
    // Long before its time is up.
    #expect(ContinuousClock.now - left < .seconds(30))
    #expect(isResult(try admin.call("test.release", #"{"count":1}"#), of: "c"))
    let next = try daemon.connect()
    try next.send(request("p", "test.park", #"{"milliseconds":60000}"#))
    #expect(isResult(try admin.call("test.count"), of: "c"))
    while !next.isReady(POLLIN) { _ = try admin.call("test.release", #"{"count":0}"#) }
    #expect(isResult(try next.line(), of: "p"))
  }
}
