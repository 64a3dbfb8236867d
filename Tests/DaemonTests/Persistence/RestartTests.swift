// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// Persistent contexts and daemons that come and go.
@Suite struct RestartTests {
  /// A service manager that keeps descriptors, and one daemon after the other.
  final class Scene {
    let keeper: StoreKeeper
    let entries = Entries()
    private(set) var daemon: TestDaemon

    init() throws {
      keeper = try StoreKeeper()
      daemon = try Self.start(keeper, entries)
    }

    deinit {
      _ = daemon.stop()
      keeper.end()
    }

    private static func start(_ keeper: StoreKeeper, _ entries: Entries) throws -> TestDaemon {
      var options = Daemon.Options()
      try keeper.adopt(&options)
      return try TestDaemon { made in
        made.notifyAddress = options.notifyAddress
        made.stored = options.stored
        made.journal = entries.journal
      }
    }

    /// Another daemon takes the place of this one.
    func restart() throws {
      #expect(daemon.stop() == 0)
      daemon = try Self.start(keeper, entries)
    }

    /// A connection that works in the persistent context `name`.
    func open(_ name: String = "kept", client: String? = nil) throws -> TestClient {
      let made = try daemon.connect()
      let word = client.map { #","client":"\#($0)""# } ?? ""
      let answer = try made.call("context.open", #"{"name":"\#(name)","persist":true\#(word)}"#)
      #expect(isResult(answer, of: "c"), "\(answer ?? "")")
      return made
    }
  }

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

  /// Something of everything.
  private func fill(_ client: TestClient) throws {
    for (method, parameters) in [
      ("ioas.alloc", "{}"), ("ioas.alloc", #"{"residency":"advisory"}"#),
      ("device.bind", #"{"name":"nic","reserved":[{"first":"0xfee00000","last":"0xfeefffff"}]}"#),
      ("device.bind", #"{"format":"flat","dirty_tracking":true}"#),
      ("device.attach", #"{"device":3,"to":1}"#),
      ("object.destroy", #"{"id":6}"#),
      ("ioas.map", #"{"ioas":1,"length":65536,"iova":"0x10000","source":{"kind":"new"}}"#),
      ("hwpt.alloc", #"{"device":4,"ioas":2,"dirty_tracking":true}"#),
    ] {
      let answer = try client.call(method, parameters)
      #expect(isResult(answer, of: "c") || method == "object.destroy", "\(method): \(answer ?? "")")
    }
    for (method, parameters) in [
      ("access.create", #"{"ioas":1,"pins":true}"#),
      ("access.write", #"{"access":9,"iova":"0x11000","data":"aGVsbG8="}"#),
      ("ioas.copy", #"{"src_ioas":1,"src_iova":"0x12000","length":8192,"dst_ioas":2,"iova":"0x700000"}"#),
      ("ioas.unmap", #"{"ioas":2,"all":true}"#),
      ("ioas.copy", #"{"src_ioas":1,"src_iova":"0x12000","length":8192,"dst_ioas":2,"iova":"0x500000"}"#),
      ("ioas.reserve", #"{"ioas":2,"first":"0x1000","last":"0x1fff"}"#),
      ("ioas.allow_iovas", #"{"ioas":1,"ranges":[{"first":"0x1000000","last":"0x1ffffff"}]}"#),
    ] {
      let answer = try client.call(method, parameters)
      #expect(isResult(answer, of: "c"), "\(method): \(answer ?? "")")
    }
  }

  @Test func `a context comes back as it was`() throws {
    let scene = try Scene()
    let before: [String]
    do {
      let client = try scene.open()
      try fill(client)
      before = try look(client)
    }
    try scene.restart()
    let client = try scene.open()
    let after = try look(client)
    for (left, right) in zip(before, after) { #expect(left == right) }
  }

  @Test func `ids are not given twice`() throws {
    let scene = try Scene()
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
    let scene = try Scene()
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
    let scene = try Scene()
    do {
      let client = try scene.open()
      try fill(client)
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
    let scene = try Scene()
    let client = try scene.daemon.connect()
    _ = try client.call("context.open", #"{"name":"plain"}"#)
    _ = try client.call("ioas.alloc")
    let other = try scene.daemon.connect()
    #expect(errorCode(try other.call("context.open", #"{"name":"plain","persist":true}"#)) == 22)
  }

  // MARK: The log

  @Test func `a log is written anew before it is full, and the old one is let go`() throws {
    let scene = try Scene()
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
    let scene = try Scene()
    do {
      let client = try scene.open()
      try fill(client)
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

  // MARK: Memory that is gone

  @Test func `memory that was not kept leaves its areas degraded`() throws {
    let scene = try Scene()
    do {
      let client = try scene.open()
      try fill(client)
    }
    #expect(scene.daemon.stop() == 0)
    scene.keeper.lose { $0.hasPrefix("m") }
    try scene.restart()
    let client = try scene.open()
    let areas = try client.call("ioas.areas", #"{"ioas":1}"#) ?? ""
    #expect(areas.contains(#""iova":"0x10000","length":65536"#) && areas.contains(#""state":"degraded""#))
    #expect(errorCode(try client.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#)) == 14)
    #expect(scene.entries.of(.degraded).count == 1)
    #expect(isResult(try client.call("ioas.unmap", #"{"ioas":1,"iova":"0x10000","length":65536}"#), of: "c"))
  }

  // MARK: Requests that are sent again

  private let map = #"{"ioas":1,"length":4096,"source":{"kind":"new"}}"#

  private func keyed(_ key: String, _ method: String, _ parameters: String, _ id: String = "k") -> String {
    #"{"jsonrpc":"2.0","id":"\#(id)","key":"\#(key)","method":"\#(method)","params":\#(parameters)}"# + "\n"
  }

  @Test func `a request with a key is done once, also over a restart`() throws {
    let scene = try Scene()
    var first = ""
    do {
      let client = try scene.open(client: "me")
      try client.send(keyed("a", "ioas.alloc", "{}"))
      #expect(member("ioas", of: try client.line() ?? "") == 1)
      try client.send(keyed("b", "ioas.map", map))
      let answer = try client.answer()
      first = answer?.text ?? ""
      #expect(answer?.descriptors == 1)
      try client.send(keyed("b", "ioas.map", map))
      let again = try client.answer()
      #expect(again?.text == first && again?.descriptors == 1)
      #expect(member("objects", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 3)
    }
    try scene.restart()
    let client = try scene.open(client: "me")
    try client.send(keyed("b", "ioas.map", map))
    let again = try client.answer()
    #expect(again?.text == first && again?.descriptors == 1)
    #expect(member("objects", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 3)
    // Another sender's keys are its own.
    let other = try scene.open(client: "you")
    try other.send(keyed("b", "ioas.map", map))
    #expect(try other.answer()?.text != first)
  }

  @Test(arguments: [
    ("me", "a", "ioas.alloc", #"{"residency":"advisory"}"#, "was used for"),
    ("me", "x", "ioas.areas", #"{"ioas":1}"#, "takes no key"),
    (nil, "x", "ioas.alloc", "{}", "which client"),
  ])
  func `a key that makes no sense is refused`(
    client: String?, key: String, method: String, parameters: String, words: String
  ) throws {
    let scene = try Scene()
    let first = try scene.open(client: "me")
    try first.send(keyed("a", "ioas.alloc", "{}"))
    #expect(isResult(try first.line(), of: "k"))
    let other = try scene.open(client: client)
    try other.send(keyed(key, method, parameters))
    let answer = try other.line() ?? ""
    #expect(errorCode(answer) == 22 && answer.contains(words) && answer.contains(#""field":"key""#))
  }

  @Test func `a context that does not persist has no keys`() throws {
    let scene = try Scene()
    let client = try scene.daemon.connect()
    try client.send(keyed("a", "ioas.alloc", "{}"))
    #expect(errorCode(try client.line()) == 22)
  }

  @Test func `the oldest of very many results are forgotten`() throws {
    let scene = try Scene()
    let client = try scene.open(client: "me")
    for number in 0..<65 {
      try client.send(keyed("\(number)", "ioas.alloc", "{}"))
      #expect(member("ioas", of: try client.line() ?? "") == UInt64(number + 1))
    }
    try client.send(keyed("1", "ioas.alloc", "{}"))
    #expect(member("ioas", of: try client.line() ?? "") == 2)
    try client.send(keyed("0", "ioas.alloc", "{}"))
    #expect(member("ioas", of: try client.line() ?? "") == 66)
  }
}

extension TestDaemon {
  /// The named contexts.
  fileprivate var list: String {
    guard let answer = try? connect(.admin).call("context.list"),
      let start = answer.firstRange(of: #""items":["#)
    else { return "?" }
    return String(answer[start.upperBound...].prefix { $0 != "]" })
  }
}
