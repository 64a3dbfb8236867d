// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// Persistent contexts and daemons that come and go.
@Suite struct RestartTests {
  /// Answers of calls that show everything there is.
  private func look(_ client: TestClient) throws -> [String] {
    var answers: [String] = []
    for (method, parameters) in [
      ("object.list", "{}"), ("ioas.areas", #"{"ioas":1}"#), ("ioas.areas", #"{"ioas":2}"#),
      ("ioas.iova_ranges", #"{"ioas":1}"#), ("ioas.iova_ranges", #"{"ioas":2}"#),
      ("ioas.option", #"{"ioas":2,"name":"huge_pages"}"#), ("device.info", #"{"device":3}"#),
      ("device.info", #"{"device":4}"#), ("memory.list", "{}"), ("pages.list", "{}"),
      ("hwpt.translate", #"{"hwpt":5,"iova":0,"length":1099511627776}"#),
      ("hwpt.info", #"{"hwpt":8}"#), ("access.read", #"{"access":9,"iova":"0x10ff0","length":64}"#),
      ("device.dma_read", #"{"device":3,"iova":"0x10ff0","length":64}"#),
    ] {
      let answer = try client.call(method, parameters)
      #expect(isResult(answer, of: "c"), "\(method): \(answer ?? "")")
      answers.append("\(method): \(answer ?? "")")
    }
    return answers
  }

  @Test func `a context comes back as it was`() throws {
    let scene = try RestartScene()
    let before: [String]
    do {
      let client = try scene.open()
      try scene.fill(client)
      before = try look(client)
    }
    try scene.restart()
    let client = try scene.open()
    let after = try look(client)
    for (left, right) in zip(before, after) { #expect(left == right) }
  }

  @Test func `ids are not given twice`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      for _ in 0..<3 { _ = try client.call("ioas.alloc") }
      _ = try client.call("object.destroy", #"{"id":3}"#)
    }
    try scene.restart()
    let client = try scene.open()
    #expect(member("ioas", of: try client.call("ioas.alloc") ?? "") == 4)
  }

  @Test func `an empty context that nobody works in is forgotten`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
      _ = try client.call("object.destroy", #"{"id":1}"#)
      client.finishSending()
      #expect(try client.line() == nil)
    }
    try scene.restart()
    #expect(scene.keeper.names.isEmpty)
    #expect(scene.daemon.list.isEmpty)
  }

  @Test func `what is destroyed stays so, and nothing of it is kept`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      try scene.fill(client)
      #expect(scene.keeper.names.count == 2)
      #expect(isResult(try client.call("context.destroy", #"{"name":"kept"}"#), of: "c"))
    }
    try scene.restart()
    #expect(scene.keeper.names.isEmpty)
    #expect(scene.daemon.list.isEmpty)
  }

  @Test func `without a service manager nothing is promised`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    let answer = try client.call("context.open", #"{"name":"kept","persist":true}"#) ?? ""
    #expect(errorCode(answer) == 95 && answer.contains("EOPNOTSUPP") && answer.contains("systemd"))
  }

  @Test func `a context that does not persist cannot be made to`() throws {
    let scene = try RestartScene()
    let client = try scene.daemon.connect()
    _ = try client.call("context.open", #"{"name":"plain"}"#)
    _ = try client.call("ioas.alloc")
    let other = try scene.daemon.connect()
    #expect(errorCode(try other.call("context.open", #"{"name":"plain","persist":true}"#)) == 22)
  }

  // MARK: The log

  @Test func `a log is written anew before it is full, and the old one is let go`() throws {
    let scene = try RestartScene()
    var before = ""
    do {
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
      _ = try client.call("ioas.map", #"{"ioas":1,"length":65536,"iova":"0x10000","source":{"kind":"new"}}"#)
      var lines = ""
      var count = 0
      for number in 0..<4000 as Range<UInt64> {
        let iova = IOVA(0x100_0000 + number * 4096)
        lines += request(
          "m", "ioas.map",
          #"{"ioas":1,"length":4096,"iova":"\#(iova)","source":{"kind":"memory","memory":2,"offset":0}}"#)
        if number % 8 != 0 {
          lines += request("u", "ioas.unmap", #"{"ioas":1,"iova":"\#(iova)","length":4096}"#)
        }
        count += number % 8 == 0 ? 1 : 2
        guard number % 100 == 99 else { continue }
        try client.send(lines)
        for _ in 0..<count {
          let line = try client.line() ?? ""
          #expect(isResult(line, of: "m") || isResult(line, of: "u"), "\(line)")
        }
        (lines, count) = ("", 0)
      }
      before = try client.call("ioas.areas", #"{"ioas":1,"limit":1000}"#) ?? ""
    }
    #expect(scene.keeper.said.count { $0.contains("FDSTORE=1\nFDNAME=l") } > 2)
    try scene.restart()
    #expect(scene.keeper.names.count { $0.hasPrefix("l") } == 1)
    let client = try scene.open()
    let after = try client.call("ioas.areas", #"{"ioas":1,"limit":1000}"#) ?? ""
    #expect(before == after && after.contains("\"next\"") == before.contains("\"next\""))
  }

  @Test func `a damaged log is kept, and its context is given up when its owner says so`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      try scene.fill(client)
    }
    #expect(scene.daemon.stop() == 0)
    // The first record's first change.
    try scene.keeper.damage(at: LogHeader.bytes + 9)
    try scene.restart()
    let client = try scene.daemon.connect()
    let answer = try client.call("context.open", #"{"name":"kept","persist":true}"#) ?? ""
    #expect(errorCode(answer) == 117 && answer.contains("EUCLEAN"))
    #expect(scene.keeper.names.count == 2)
    #expect(scene.entries.of(.notRestored).count == 1)
    // Other contexts are none the worse for it.
    #expect(isResult(try client.call("context.open", #"{"name":"other","persist":true}"#), of: "c"))
    #expect(isResult(try client.call("context.destroy", #"{"name":"kept"}"#), of: "c"))
    #expect(isResult(try client.call("context.open", #"{"name":"kept","persist":true}"#), of: "c"))
    #expect(scene.keeper.names.count { $0.hasPrefix("m") } == 0)
  }
}
