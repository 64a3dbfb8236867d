// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuDaemon
import IommuWire
import Testing

/// Unmapping what others hold, over sockets.
@Suite struct UnmapServedTests {
  private let daemon: TestDaemon
  private let first: TestClient
  private let second: TestClient
  private static let area = #""iova":65536,"length":8192"#

  /// Two connections in one context with IOAS 1, an area in it (pages object 3 of memory 2), and accesses 4 and 5.
  init() throws {
    daemon = try TestDaemon()
    first = try daemon.connect()
    second = try daemon.connect()
    for client in [first, second] { try expect(client.call("context.open", #"{"name":"vm"}"#)) }
    try expect(first.call("ioas.alloc"))
    try map("65536")
    for id: UInt64 in [4, 5] {
      #expect(member("access", of: try first.call("access.create", #"{"ioas":1,"pins":true}"#) ?? "") == id)
    }
  }

  private func expect(_ answer: String?, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(isResult(answer, of: "c"), "\(answer ?? "nothing")", sourceLocation: sourceLocation)
  }

  private func map(_ iova: String) throws {
    expect(
      try first.call("ioas.map", #"{"ioas":1,"length":8192,"iova":\#(iova),"source":{"kind":"new"}}"#))
  }

  private func pin(_ client: TestClient, _ access: Int = 4) throws -> UInt64 {
    try #require(
      member("pin", of: try client.call("access.pin", #"{"access":\#(access),\#(Self.area)}"#) ?? ""))
  }

  private func unmap(_ id: String = "u", wait: Int = 60_000) -> String {
    request(id, "ioas.unmap", #"{"ioas":1,\#(Self.area),"wait_ms":\#(wait)}"#)
  }

  @Test func `The holder is told without asking, lets go, and the unmap is answered`() throws {
    let pin = try pin(second)
    try first.send(unmap())
    let notice = try #require(try second.line())
    #expect(
      notice.hasPrefix(
        #"{"jsonrpc":"2.0","method":"event","params":{"seq":1,"kind":"access.unmap_requested","ioas":1,"access":4,"pins":[\#(pin)],"first":"0x10000","last":"0x11fff","wait_ms":"#
      ))
    #expect(errorCode(try second.call("access.pin", #"{"access":4,\#(Self.area)}"#)) == Int(EBUSY))
    expect(try second.call("access.unpin", #"{"access":4,"pin":\#(pin)}"#))
    #expect(try first.line() == #"{"jsonrpc":"2.0","id":"u","result":{"unmapped":8192}}"#)
  }

  @Test func `When the time is up the answer names the holder`() throws {
    _ = try pin(second)
    try first.send(unmap(wait: 30))
    let answer = try #require(try first.line())
    #expect(errorCode(answer) == Int(EBUSY))
    #expect(answer.contains(#""holders":[{"connection":2,"uid":\#(getuid()),"access":4,"pins":1,"held_ms":"#))
    #expect(try second.line()?.contains("unmap_requested") == true)
    // The marks are gone.
    _ = try pin(second)
  }

  @Test func `A holder that dies lets the unmap go on`() throws {
    do {
      let third = try daemon.connect()
      expect(try third.call("context.open", #"{"name":"vm"}"#))
      _ = try pin(third)
      try first.send(unmap())
      _ = try third.line()
    }
    #expect(isResult(try first.line(), of: "u"))
  }

  @Test func `An unmapper that dies takes its marks along`() throws {
    let held = try pin(second)
    do {
      let third = try daemon.connect()
      expect(try third.call("context.open", #"{"name":"vm"}"#))
      try third.send(unmap())
      _ = try second.line()
    }
    // As soon as the daemon has seen it.
    while errorCode(try second.call("access.pin", #"{"access":4,\#(Self.area)}"#)) == Int(EBUSY) {}
    expect(try second.call("access.unpin", #"{"access":4,"pin":\#(held)}"#))
  }

  @Test func `A connection that waits lets go of its own pins meanwhile`() throws {
    try map("131072")
    let held = try pin(second)
    let other = #""iova":131072,"length":8192"#
    let own = try #require(
      member("pin", of: try first.call("access.pin", #"{"access":5,\#(other)}"#) ?? ""))
    let third = try daemon.connect()
    expect(try third.call("context.open", #"{"name":"vm"}"#))
    try first.send(unmap() + request("n", "server.info"))
    _ = try second.line()
    try third.send(request("t", "ioas.unmap", #"{"ioas":1,\#(other),"wait_ms":60000}"#))
    #expect(try first.line()?.contains("unmap_requested") == true)
    // What it waits for is not told to let go; it does so itself, ahead of what waits.
    try first.send(request("x", "access.unpin", #"{"access":5,"pin":\#(own)}"#))
    #expect(isResult(try first.line(), of: "x"))
    #expect(isResult(try third.line(), of: "t"))
    expect(try second.call("access.unpin", #"{"access":4,"pin":\#(held)}"#))
    #expect(isResult(try first.line(), of: "u"))
    #expect(isResult(try first.line(), of: "n"))
  }

  @Test func `Accesses are destroyed ahead, and other objects in their turn`() throws {
    _ = try pin(second)
    let own = try #require(
      member("access", of: try first.call("access.create", #"{"ioas":1,"pins":true}"#) ?? ""))
    expect(try first.call("ioas.alloc"))
    try first.send(
      unmap() + request("s", "object.destroy", #"{"id":7}"#)
        + request("a", "object.destroy", #"{"id":\#(own)}"#)
        + request("b", "object.destroy", #"{"id":4}"#))
    // The second of them ends the pin that is waited for, as it may.
    #expect(isResult(try first.line(), of: "a"))
    var left: Set<String> = ["u", "b"]
    for _ in 0..<2 {
      let line = try #require(try first.line())
      left.remove(try #require(left.first { isResult(line, of: $0) }))
    }
    #expect(isResult(try first.line(), of: "s"))
    // The holder was asked, and then told.
    #expect(try second.line()?.contains("unmap_requested") == true)
    #expect(try second.line()?.contains("pin.revoked") == true)
  }

  @Test func `Two that would wait for each other are told so`() throws {
    try map("131072")
    let held = try pin(second)
    let own = #"{"access":5,"iova":131072,"length":8192}"#
    expect(try first.call("access.pin", own))
    try first.send(unmap())
    _ = try second.line()
    let crossing = #"{"ioas":1,"iova":131072,"length":8192}"#
    #expect(errorCode(try second.call("ioas.unmap", crossing)) == Int(EDEADLK))
    expect(try second.call("access.unpin", #"{"access":4,"pin":\#(held)}"#))
    #expect(isResult(try first.line(), of: "u"))
  }

  @Test func `A context is destroyed right after another client has left it`() throws {
    for round in 0..<20 {
      let name = #"{"name":"c\#(round)"}"#
      let keeper = try daemon.connect()
      expect(try keeper.call("context.open", name))
      do {
        let leaving = try daemon.connect()
        expect(try leaving.call("context.open", name))
        expect(try leaving.call("ioas.alloc"))
        expect(
          try leaving.call(
            "ioas.map", #"{"ioas":1,"length":1048576,"iova":65536,"source":{"kind":"new"}}"#))
        let access = try #require(
          member("access", of: try leaving.call("access.create", #"{"ioas":1,"pins":true}"#) ?? ""))
        expect(
          try leaving.call("access.pin", #"{"access":\#(access),"iova":65536,"length":1048576}"#))
      }
      expect(try keeper.call("context.destroy", name))
    }
  }
}
