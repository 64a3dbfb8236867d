// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuDaemon
import IommuWire
import Testing

/// What the service manager is told first, and what is answered only once it has heard it.
@Suite struct StoreOrderTests {
  /// Destroys the context while the service manager hears nothing, then lets it hear.
  private func destroy(in scene: RestartScene, _ client: TestClient, _ other: TestClient) throws {
    let gate = Gate()
    scene.keeper.waitAt(gate)
    defer { gate.open() }
    try client.send(request("d", "context.destroy", #"{"name":"kept"}"#))
    // Behind it, from another connection and so in another turn.
    for _ in 0..<2 { #expect(isResult(try other.call("server.info"), of: "c")) }
    #expect(!client.isReady(POLLIN))
    gate.open()
    #expect(isResult(try client.line(), of: "d"))
  }

  @Test func `that a context is destroyed is answered when the service manager has heard it`() throws {
    let scene = try RestartScene()
    let (client, other) = (try scene.open(), try scene.daemon.connect())
    try destroy(in: scene, client, other)
  }

  @Test func `that a damaged context is given up is answered when the service manager has heard it`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
    }
    #expect(scene.daemon.stop() == 0)
    try scene.keeper.damage(at: LogHeader.bytes + 9)
    try scene.restart()
    let (client, other) = (try scene.daemon.connect(), try scene.daemon.connect())
    #expect(errorCode(try client.call("context.open", #"{"name":"kept"}"#)) == 117)
    try destroy(in: scene, client, other)
  }

  @Test func `the log of a context goes before its memory does`() throws {
    let scene = try RestartScene()
    let client = try scene.open()
    _ = try client.call("ioas.alloc")
    for _ in 0..<3 {
      let map = #"{"ioas":1,"length":4096,"source":{"kind":"new"}}"#
      #expect(isResult(try client.call("ioas.map", map), of: "c"))
    }
    #expect(isResult(try client.call("context.destroy", #"{"name":"kept"}"#), of: "c"))
    scene.keeper.hear()
    let removals = scene.keeper.said.filter { $0.hasPrefix("FDSTOREREMOVE=1") }
    #expect(removals.count == 4 && removals.first?.hasSuffix("FDNAME=l1") == true, "\(removals)")
  }

  /// While a log cannot be read nothing is swept away, and what was destroyed must not come back all the same.
  @Test func `a log that another has taken the place of does not come back`() throws {
    let scene = try RestartScene()
    do {
      let damaged = try scene.open("damaged")
      _ = try damaged.call("ioas.alloc")
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
      scene.keeper.keepEverything()
      try RewriteTests.writeAnew(client)
    }
    #expect(scene.daemon.stop() == 0)
    #expect(scene.keeper.names.count { $0.hasPrefix("l") } > 2)
    scene.keeper.keepEverything(false)
    try scene.keeper.damage(at: LogHeader.bytes + 9)
    try scene.restart()
    do {
      let client = try scene.open()
      #expect(isResult(try client.call("context.destroy", #"{"name":"kept"}"#), of: "c"))
    }
    try scene.restart()
    let client = try scene.daemon.connect()
    #expect(errorCode(try client.call("context.open", #"{"name":"damaged"}"#)) == 117)
    let answer = try client.call("context.open", #"{"name":"kept","persist":true}"#) ?? ""
    #expect(answer.contains(#""created":true"#), "\(answer)")
  }
}
