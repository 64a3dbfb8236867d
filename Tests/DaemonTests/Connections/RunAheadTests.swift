// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuDaemon
import IommuWire
import Testing

/// What a connection does while one of its requests is parked.
@Suite struct RunAheadTests {
  private let park = request("p", "test.park", #"{"milliseconds":60000}"#)

  private func counts(_ range: Range<Int>) -> String {
    range.map { request("\($0)", "test.count") }.joined()
  }

  private func release(_ daemon: TestDaemon, until client: TestClient) throws {
    let admin = try daemon.connect(.admin)
    var count = 1
    while !client.isReady(POLLIN) {
      _ = try admin.call("test.release", #"{"count":\#(count)}"#)
      count = 0
    }
  }

  private func expect(_ client: TestClient, _ ids: some Sequence<String>) throws {
    for id in ids { #expect(isResult(try client.line(), of: id), "\(id)") }
  }

  @Test func `What lets go of something overtakes, and everything else keeps its order`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(park + counts(0..<3) + request("u", "test.urgent") + counts(3..<5))
    #expect(isResult(try client.line(), of: "u"))
    // Also when it comes later.
    try client.send(counts(5..<6) + request("v", "test.urgent"))
    let late = try #require(try client.line())
    #expect(isResult(late, of: "v"))
    // Nothing but the two was executed.
    #expect(member("number", of: late) == 1)
    try release(daemon, until: client)
    try expect(client, ["p"] + (0..<6).map(String.init))
  }

  @Test func `At most 64 requests are read ahead`() throws {
    let daemon = try TestDaemon()
    let few = try daemon.connect()
    try few.send(park + counts(0..<63) + request("u", "test.urgent"))
    #expect(isResult(try few.line(), of: "u"))
    try release(daemon, until: few)
    try expect(few, ["p"] + (0..<63).map(String.init))
    let many = try daemon.connect()
    try many.send(park + counts(0..<64) + request("u", "test.urgent"))
    try release(daemon, until: many)
    try expect(many, ["p"] + (0..<64).map(String.init) + ["u"])
  }

  @Test func `At most 1 MiB is read ahead`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    let long = request("l", "test.text", #"{"bytes":1}"# + String(repeating: " ", count: 600_000))
    try client.send(park + long + request("u", "test.urgent"))
    #expect(isResult(try client.line(), of: "u"))
    try client.send(long + request("v", "test.urgent"))
    try release(daemon, until: client)
    try expect(client, ["p", "l", "l", "v"])
  }

  @Test func `Descriptors of lines that are read ahead stay theirs, and only so many are taken in`() throws {
    let daemon = try TestDaemon { $0.limits.aheadDescriptors = 4 }
    let client = try daemon.connect()
    func take(_ id: String, _ count: Int) throws {
      let indexes = (0..<count).map(String.init).joined(separator: ",")
      let batch = DescriptorBatch(
        owning: (0..<count).map { _ in unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) })
      try client.send(request(id, "test.take", #"{"indexes":[\#(indexes)]}"#, fds: count), descriptors: batch)
    }
    try client.send(park)
    try take("a", 1)
    try client.send(request("u", "test.urgent"))
    try take("b", 2)
    #expect(isResult(try client.line(), of: "u"))
    // One that would overtake, but brings what it does not take, keeps its place.
    try client.send(
      request("w", "test.urgent", fds: 1),
      descriptors: DescriptorBatch(owning: [unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)]))
    try take("c", 3)
    try take("d", 2)
    try client.send(request("v", "test.urgent"))
    try release(daemon, until: client)
    try expect(client, ["p", "a", "b", "w", "c", "d", "v"])
  }

  @Test func `What is wrong with a line is said in its turn`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(park + "broken\n" + request("x", "test.nothing") + request("u", "test.urgent"))
    #expect(isResult(try client.line(), of: "u"))
    try client.send(request("f", "test.take", #"{"indexes":[0]}"#, fds: 1) + request("v", "test.urgent"))
    try release(daemon, until: client)
    try expect(client, ["p"])
    #expect(errorCode(try client.line()) == -32700)
    #expect(errorCode(try client.line()) == -32601)
    // Descriptors that did not come end the connection.
    #expect(errorCode(try client.line()) == -32600)
    #expect(try client.line() == nil)
  }

  @Test func `What overtakes and takes its time is done before the next in turn`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(
      park + request("u", "test.urgent", #"{"works":true}"#) + request("v", "test.urgent", #"{"works":true}"#)
        + counts(0..<1) + request("w", "test.urgent"))
    #expect(isResult(try client.line(), of: "w"))
    daemon.gate.awaitArrivals(1)
    try release(daemon, until: client)
    try expect(client, ["p"])
    let other = try daemon.connect()
    #expect(try other.number("test.count") == 3)
    daemon.gate.open()
    var left: Set<String> = ["u", "v"]
    for _ in 0..<2 {
      let line = try #require(try client.line())
      let id = try #require(left.first { isResult(line, of: $0) })
      left.remove(id)
    }
    try expect(client, ["0"])
  }

  @Test func `A client that goes away leaves with what it had at work`() throws {
    let daemon = try TestDaemon()
    let observer = try daemon.connect(.observer)
    do {
      let client = try daemon.connect()
      try client.send(park + request("u", "test.urgent", #"{"works":true}"#) + counts(0..<3))
      daemon.gate.awaitArrivals(1)
    }
    #expect(member("connections", of: try observer.call("server.stats") ?? "") == 2)
    daemon.gate.open()
    while member("connections", of: try observer.call("server.stats") ?? "") != 1 {}
    // What it had only sent was not executed.
    #expect(try observer.number("test.count") == 1)
  }

  @Test func `The input ends while a request is parked`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(park + counts(0..<2) + request("u", "test.urgent"))
    client.finishSending()
    #expect(isResult(try client.line(), of: "u"))
    #expect(!client.isReady(POLLIN))
    try release(daemon, until: client)
    try expect(client, ["p", "0", "1"])
    #expect(try client.line() == nil)
  }

  @Test func `One after the other is parked, and each is overtaken`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(park + counts(0..<1) + park + counts(1..<2))
    try release(daemon, until: client)
    try expect(client, ["p", "0"])
    try client.send(request("u", "test.urgent"))
    #expect(isResult(try client.line(), of: "u"))
    try release(daemon, until: client)
    try expect(client, ["p", "1"])
  }

  @Test func `What was kept may overtake a later one that is parked`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    #expect(isResult(try client.call("ioas.alloc"), of: "c"))
    // Only an access is destroyed ahead, and there is none yet when this is read.
    try client.send(
      park + request("a", "access.create", #"{"ioas":1}"#) + park + counts(0..<1)
        + request("d", "object.destroy", #"{"id":2}"#))
    try release(daemon, until: client)
    try expect(client, ["p", "a", "d"])
    try release(daemon, until: client)
    try expect(client, ["p", "0"])
  }

  @Test func `The daemon stops in the middle of it`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(park + request("u", "test.urgent", #"{"works":true}"#) + counts(0..<3))
    daemon.gate.awaitArrivals(1)
    daemon.gate.open()
    #expect(daemon.stop() == 0)
  }
}
