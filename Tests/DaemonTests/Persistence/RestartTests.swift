// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// Persistent contexts and daemons that come and go.
@Suite struct RestartTests {
  typealias Scene = RestartScene

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

  /// A memfd of `bytes` bytes, all of which are there.
  private func file(_ bytes: Int) throws -> OwnedDescriptor {
    let number = unsafe iommu_memfd_create("test", 0)
    try #require(number >= 0)
    let file = OwnedDescriptor(owning: number)
    let text = [UInt8](repeating: 65, count: bytes)
    #expect(unsafe pwrite(number, text, bytes, 0) == bytes)
    return file
  }

  private func map(_ client: TestClient, _ file: borrowing OwnedDescriptor, _ parameters: String) throws
    -> String?
  {
    let batch = DescriptorBatch(try file.duplicate())
    try client.send(request("c", "ioas.map", parameters, fds: 1), descriptors: batch)
    return try client.line()
  }

  @Test func `a client's file that grew, and one that ends inside a page, come back`() throws {
    let scene = try Scene()
    let odd = try file(5000)
    let growing = try file(8192)
    var before: [String] = []
    do {
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
      let whole = #"{"ioas":1,"length":5000,"iova":"0x1000","source":{"kind":"fd","fd":0}}"#
      #expect(isResult(try map(client, odd, whole), of: "c"))
      let small = #"{"ioas":1,"length":8192,"iova":"0x100000","source":{"kind":"fd","fd":0}}"#
      #expect(isResult(try map(client, growing, small), of: "c"))
      #expect(ftruncate(growing.rawValue, 65536) == 0)
      let large = #"{"ioas":1,"length":65536,"iova":"0x200000","source":{"kind":"fd","fd":0}}"#
      #expect(isResult(try map(client, growing, large), of: "c"))
      for method in ["ioas.areas", "memory.list", "pages.list"] {
        before.append(try client.call(method, method == "ioas.areas" ? #"{"ioas":1}"# : "{}") ?? "")
      }
      // One store object for the two sizes.
      #expect(scene.keeper.names.count { $0.hasPrefix("m") } == 2)
    }
    try scene.restart()
    let client = try scene.open()
    var after: [String] = []
    for method in ["ioas.areas", "memory.list", "pages.list"] {
      after.append(try client.call(method, method == "ioas.areas" ? #"{"ioas":1}"# : "{}") ?? "")
    }
    #expect(before == after)
    let read = #"{"ioas":1,"pins":false}"#
    let access = try client.call("access.create", read) ?? ""
    let id = member("access", of: access) ?? 0
    #expect(
      isResult(try client.call("access.read", #"{"access":\#(id),"iova":"0x1ff0","length":16}"#), of: "c"))
    #expect(isResult(try client.call("ioas.unmap", #"{"ioas":1,"all":true}"#), of: "c"))
    scene.keeper.hear()
    #expect(scene.keeper.names.count { $0.hasPrefix("m") } == 0)
  }

  @Test func `of a file that was cut meanwhile what is gone is degraded, and pinned again once it is back`()
    throws
  {
    let scene = try Scene()
    let file = try file(16384)
    do {
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
      _ = try client.call("device.bind")
      _ = try client.call("device.attach", #"{"device":2,"to":1}"#)
      for (iova, offset) in [("0x10000", 0), ("0x20000", 8192)] {
        let parameters =
          #"{"ioas":1,"length":8192,"iova":"\#(iova)","source":{"kind":"fd","fd":0,"offset":\#(offset)}}"#
        #expect(isResult(try map(client, file, parameters), of: "c"))
      }
    }
    #expect(scene.daemon.stop() == 0)
    #expect(ftruncate(file.rawValue, 8192) == 0)
    try scene.restart()
    let client = try scene.open()
    #expect(member("degraded", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 1)
    #expect(
      isResult(try client.call("device.dma_read", #"{"device":2,"iova":"0x10000","length":4}"#), of: "c"))
    #expect(errorCode(try client.call("device.dma_read", #"{"device":2,"iova":"0x20000","length":4}"#)) == 14)
    let still = try client.call("ioas.repin", #"{"ioas":1}"#) ?? ""
    #expect(member("repinned", of: still) == 0 && member("degraded", of: still) == 1)
    let text = [UInt8](repeating: 66, count: 16384)
    #expect(unsafe pwrite(file.rawValue, text, 16384, 0) == 16384)
    let again = try client.call("ioas.repin", #"{"ioas":1}"#) ?? ""
    #expect(member("repinned", of: again) == 1 && member("degraded", of: again) == 0)
    #expect(
      isResult(try client.call("device.dma_read", #"{"device":2,"iova":"0x20000","length":4}"#), of: "c"))
  }

  @Test func `memory over which a daemon was killed is pinned again only when somebody asks`() throws {
    let scene = try Scene()
    do {
      let client = try scene.open()
      try fill(client)
    }
    #expect(scene.daemon.stop() == 0)
    try scene.keeper.write(7, at: LogHeader.repinningWord)
    for _ in 0..<2 {
      try scene.restart()
      let client = try scene.open()
      #expect(
        errorCode(try client.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#)) == 14)
      let pin = try client.call("access.pin", #"{"access":9,"iova":"0x11000","length":4096}"#) ?? ""
      #expect(errorCode(pin) == 14 && pin.contains("killed"))
    }
    let client = try scene.open()
    #expect(member("repinned", of: try client.call("ioas.repin", #"{"ioas":1}"#) ?? "") == 1)
    #expect(
      isResult(try client.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#), of: "c"))
    try scene.restart()
    let last = try scene.open()
    #expect(isResult(try last.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#), of: "c"))
  }

  @Test func `what was granted before a restart is not asked for again`() throws {
    let scene = try Scene()
    do {
      let client = try scene.open()
      try fill(client)
    }
    try scene.restart { options in
      options.quotas = ["objects=1", "areas=1", "descriptors=1", "held_bytes=1", "pinned_bytes=1"].compactMap
      {
        QuotaSetting($0)
      }
    }
    let client = try scene.open()
    #expect(member("degraded", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 0)
    #expect(errorCode(try client.call("ioas.alloc")) == 122)
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
