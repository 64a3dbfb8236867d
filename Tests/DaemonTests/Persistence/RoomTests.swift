// SPDX-License-Identifier: Apache-2.0

import IommuDaemon
import Testing

/// What becomes of requests for which a log has no room.
@Suite struct RoomTests {
  private let option = request("o", "ioas.option", #"{"ioas":1,"name":"huge_pages","value":1}"#)
  /// More than the smallest log has room for.
  private let large = request(
    "l", "access.write", #"{"access":4,"iova":"0x10000","data":"\#(String(repeating: "A", count: 80_000))"}"#)

  private func open(_ scene: RestartScene) throws -> TestClient {
    let client = try scene.open()
    for (method, parameters) in [
      ("ioas.alloc", "{}"),
      ("ioas.map", #"{"ioas":1,"length":65536,"iova":"0x10000","source":{"kind":"new"}}"#),
    ] { #expect(isResult(try client.call(method, parameters), of: "c")) }
    // Maps have made a memory and a pages object.
    #expect(member("access", of: try client.call("access.create", #"{"ioas":1}"#) ?? "") == 4)
    return client
  }

  /// Changes something until a new log is on its way, which is not taken for kept before barriers pass again.
  private func begin(_ scene: RestartScene, _ client: TestClient) throws {
    scene.keeper.holdBarriers(true)
    let logs = { scene.keeper.names.count { $0.hasPrefix("l") } }
    while logs() == 1 {
      try client.send(String(repeating: option, count: 50))
      for _ in 0..<50 { #expect(isResult(try client.line(), of: "o")) }
      scene.keeper.hear()
    }
  }

  @Test func `one that is larger than a new log was meant for has another one made`() throws {
    let scene = try RestartScene()
    let client = try open(scene)
    try begin(scene, client)
    try client.send(large)
    _ = try scene.daemon.connect(.observer).settledRequests()
    #expect(!client.isReady(1))
    scene.keeper.holdBarriers(false)
    #expect(isResult(try client.line(), of: "l"))
  }

  @Test func `one for which no room can be made is told why`() throws {
    let scene = try RestartScene()
    try scene.restart { $0.quotas = [QuotaSetting(.each, .engineBytes, 300_000)] }
    let client = try open(scene)
    try begin(scene, client)
    try client.send(large)
    _ = try scene.daemon.connect(.observer).settledRequests()
    scene.keeper.holdBarriers(false)
    let answer = try client.line() ?? ""
    #expect(errorCode(answer) == 12 && answer.contains("engine_bytes"))
    #expect(isResult(try client.call("ioas.alloc"), of: "c"))
  }

  @Test func `they go on when what was under way meanwhile has ended, also what notes nothing`() throws {
    let scene = try RestartScene()
    let (client, other) = (try open(scene), try scene.open())
    try other.send(request("g", "test.gate", #"{"occupies":true}"#))
    scene.daemon.gate.awaitArrivals(1)
    // Until one waits for room. No more than that: what is not read might fill the socket.
    let watcher = try scene.daemon.connect(.observer)
    var waiting = 0
    while waiting == 0 {
      try client.send(String(repeating: option, count: 50))
      _ = try watcher.settledRequests()
      let answers = try client.lines()
      #expect(answers.allSatisfy { isResult($0, of: "o") })
      waiting = 50 - answers.count
    }
    scene.daemon.gate.open()
    for _ in 0..<waiting { #expect(isResult(try client.line(), of: "o")) }
    #expect(isResult(try other.line(), of: "g"))
  }

  @Test func `a log that cannot be written anew does not fill the journal`() throws {
    let scene = try RestartScene()
    try scene.restart { $0.quotas = [QuotaSetting(.each, .engineBytes, 100_000)] }
    let client = try open(scene)
    // Beyond three quarters of the log each change has another one begun, until none can be noted any more.
    var refused = 0
    for _ in 0..<20 {
      try client.send(String(repeating: option, count: 250))
      for _ in 0..<250 {
        let answer = try client.line() ?? ""
        if errorCode(answer) == 12 { refused += 1 } else { #expect(isResult(answer, of: "o")) }
      }
    }
    #expect(refused > 100)
    let entries = scene.entries.of(.logFull)
    #expect(!entries.isEmpty && entries.count < 300)
  }
}
