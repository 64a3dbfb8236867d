// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuDaemon
import IommuWire
import Testing

@Suite struct DaemonLifeTests {
  @Test func `An idle daemon does nothing at all`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    let thread = try #require(try client.number("test.thread"))
    #expect(isResult(try client.call("ioas.alloc"), of: "c"))
    let before = try switches(of: thread)
    // Not to wait for something: to see that nothing happens.
    usleep(300_000)
    #expect(try switches(of: thread) == before)
    #expect(try client.number("test.count") == 0)
    #expect(try switches(of: thread) > before)
  }

  /// How often a thread of this process has gone to sleep, counted while it sleeps.
  private func switches(of thread: UInt64) throws -> Int {
    while true {
      if let count = try switchesOfSleeper(thread) { return count }
    }
  }

  private func switchesOfSleeper(_ thread: UInt64) throws -> Int? {
    let path = "/proc/self/task/\(thread)/status"
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    try #require(file >= 0)
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let count = unsafe read(file, &bytes, bytes.count)
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    guard text.contains("State:\tS") else { return nil }
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") })
    return Int(line.split(separator: "\t").last ?? "")
  }

  @Test func `Without state and clients it ends after its time, and not before`() throws {
    let daemon = try TestDaemon { $0.idleSeconds = 1 }
    var client: TestClient? = try daemon.connect()
    #expect(isResult(try client?.call("context.open", #"{"name":"kept"}"#), of: "c"))
    #expect(isResult(try client?.call("ioas.alloc"), of: "c"))
    client = nil
    usleep(1_300_000)
    // The context has a name and holds something: that is state.
    client = try daemon.connect()
    #expect(isResult(try client?.call("context.destroy", #"{"name":"kept"}"#), of: "c"))
    client = nil
    #expect(daemon.wait() == 0)
    #expect(throws: (any Error).self) { _ = try daemon.connect() }
  }

  @Test func `Stopping answers what is done, closes connections and removes the sockets`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    #expect(try client.number("test.count") == 0)
    try client.send(request("job", "test.gate"))
    daemon.gate.awaitArrivals(1)
    daemon.gate.open()
    #expect(daemon.stop() == 0)
    #expect(isResult(try client.line(), of: "job"))
    #expect(try client.line() == nil)
    #expect(unsafe access(daemon.folder + "/user.sock", F_OK) != 0)
  }

  @Test func `Stopping while requests wait for workers, or for others, ends in good order`() throws {
    for turn in 0..<10 {
      let daemon = try TestDaemon { $0.workers = 2 }
      let clients = try (0..<8).map { _ in try daemon.connect() }
      for client in clients {
        // One job comes after the other, so that there are always some that run, wait, and have just come back.
        for _ in 0..<20 { try client.send(request("p", "test.pieces", #"{"count":20}"#)) }
      }
      let parked = try daemon.connect()
      try parked.send(request("w", "test.park", #"{"milliseconds":60000}"#) + request("u", "test.urgent"))
      for _ in 0...turn { #expect(isResult(try clients[0].line(), of: "p")) }
      #expect(daemon.stop() == 0)
      for client in clients { while let line = try client.line() { #expect(isResult(line, of: "p")) } }
    }
  }

  @Test func `A daemon that cannot listen says why`() {
    #expect(throws: StartFailure.self) {
      _ = try RunningDaemon.start(listening: [ListenAddress(path: "/nonexistent/a.sock")])
    }
  }

  @Test func `The whole daemon serves its own methods`() throws {
    let folder = try temporaryFolder()
    let path = folder + "/user.sock"
    var options = Daemon.Options()
    options.journal = .silent
    let daemon = try RunningDaemon.start(listening: [ListenAddress(path: path)], options)
    do {
      let client = try TestClient(path: path)
      #expect(try client.call("server.info")?.contains(Version.current) == true)
      #expect(errorCode(try client.call("test.count")) == -32601)
    }
    #expect(daemon.stop() == 0)
    #expect(daemon.stop() == 0)
    _ = unsafe rmdir(folder)
  }
}
