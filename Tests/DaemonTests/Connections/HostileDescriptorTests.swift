// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire
import Testing

/// Descriptors that wait in close must not be closed by the loop, however they came to be let go.
@Suite(.timeLimit(.minutes(2))) struct HostileDescriptorTests {
  /// What sends descriptors that wait in close for seconds to a daemon, which has to let go of them.
  struct Way: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let attack: @Sendable (TestDaemon, LingerSockets) throws -> Void
  }

  private static let map = #"{"ioas":1,"length":4096,"source":{"kind":"fd","fd":0}}"#

  static let ways: [Way] = [
    Way(testDescription: "refused by a method") { daemon, sockets in
      let client = try daemon.connect()
      _ = try client.call("ioas.alloc")
      try client.send(request("m", "ioas.map", map, fds: 2), descriptors: try sockets.batch(2))
      #expect(errorCode(try client.line()) == Int(EINVAL))
    },
    Way(testDescription: "of a method that nobody has") { daemon, sockets in
      let client = try daemon.connect()
      try client.send(request("m", "no.such", fds: 1), descriptors: try sockets.batch())
      #expect(errorCode(try client.line()) == -32601)
    },
    Way(testDescription: "of a line that is no request") { daemon, sockets in
      let client = try daemon.connect()
      try client.send(#"{"jsonrpc":"2.0","fds":1}"# + "\n", descriptors: try sockets.batch())
      #expect(errorCode(try client.line()) == -32600)
    },
    Way(testDescription: "with a broken line") { daemon, sockets in
      let client = try daemon.connect()
      try client.send("nonsense\n", descriptors: try sockets.batch(3))
      #expect(errorCode(try client.line()) == -32600)
      #expect(try client.line() == nil)
    },
    Way(testDescription: "more than the line says") { daemon, sockets in
      let client = try daemon.connect()
      try client.send(request("m", "test.count", fds: 1), descriptors: try sockets.batch(3))
      #expect(errorCode(try client.line()) == -32600)
      #expect(try client.line() == nil)
    },
    Way(testDescription: "that no line claims") { daemon, sockets in
      let client = try daemon.connect()
      try client.send(request("m", "test.count"), descriptors: try sockets.batch())
      #expect(errorCode(try client.line()) == -32600)
      #expect(try client.line() == nil)
    },
    Way(testDescription: "of a line that never ends") { daemon, sockets in
      let client = try daemon.connect()
      try client.send("{", descriptors: try sockets.batch())
      while member("descriptors", of: try totals(daemon)) != 1 {}
    },
    Way(testDescription: "that were never received") { daemon, sockets in
      do {
        let client = try daemon.connect()
        try client.send(request("g", "test.gate"))
        daemon.gate.awaitArrivals(1)
        // Nothing is received while a request is under way.
        try client.send(request("m", "test.count", fds: 1), descriptors: try sockets.batch())
      }
      daemon.gate.open()
      let observer = try daemon.connect(.observer)
      while member("connections", of: try observer.call("server.stats") ?? "") != 1 {}
    },
  ]

  private static func totals(_ daemon: TestDaemon) throws -> String {
    let line = try #require(try daemon.connect(.observer).call("server.stats"))
    let totals = try #require(line.firstRange(of: #""totals":"#))
    return String(line[totals.upperBound...])
  }

  @Test("The loop goes on while descriptors that wait in close are let go", arguments: ways)
  func lingering(way: Way) throws {
    let daemon = try TestDaemon()
    let sockets = try LingerSockets()
    try way.attack(daemon, sockets)
    // Whoever closes one of them waits for 5 s. The bound is 50 ms, and another 200 for a busy machine.
    let gap = try #require(member("loop_gap", of: try Self.totals(daemon)))
    #expect(gap > 0 && gap < 250_000)
    withExtendedLifetime(sockets) {}
  }

  @Test func `Several messages with descriptors are received in one turn`() throws {
    let daemon = try TestDaemon()
    let (client, blocker) = (try daemon.connect(), try daemon.connect())
    try blocker.send(request("b", "test.gate", #"{"blocks":true}"#))
    daemon.gate.awaitArrivals(1)
    for number in 0..<10 {
      let descriptor = DescriptorBatch(owning: [unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)])
      try client.send(
        request("\(number)", "test.take", #"{"indexes":[0]}"#, fds: 1), descriptors: descriptor)
    }
    daemon.gate.open()
    for number in 0..<10 { #expect(isResult(try client.line(), of: "\(number)")) }
  }
}
