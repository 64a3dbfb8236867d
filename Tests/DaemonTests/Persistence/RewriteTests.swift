// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// Logs that are written anew.
@Suite struct RewriteTests {
  /// Has the log of the context of `client`, which has IOAS 1, be written anew by so many hundred changes.
  static func writeAnew(_ client: TestClient, hundreds: Int = 40) throws {
    for _ in 0..<hundreds {
      var lines = ""
      for number in 0..<100 {
        lines += request(
          "r", "ioas.reserve", #"{"ioas":1,"first":"0x0","last":"0xfff","release":\#(number % 2 == 1)}"#)
      }
      try client.send(lines)
      for _ in 0..<100 { #expect(isResult(try client.line(), of: "r")) }
    }
  }

  /// As many new logs as may stand beside the old ones do so, and the manager hears nothing: the next one has to wait, and
  /// so do requests for which there is no room in the old one.
  @Test func `a log that cannot be written anew now is written anew later`() throws {
    let scene = try RestartScene()
    let clients = try (0...DescriptorStore.replacementLimit).map { try scene.open("log-\($0)") }
    for client in clients { #expect(isResult(try client.call("ioas.alloc"), of: "c")) }
    scene.keeper.hear()
    let gate = Gate()
    scene.keeper.waitAt(gate)
    defer { gate.open() }
    // Each tells of all ranges that are reserved: 139 fill three quarters of a log, and 155 all.
    func reserve(_ client: TestClient, _ numbers: Range<Int>) throws {
      let lines = numbers.map { number in
        let (first, last) = (IOVA(UInt64(number) << 16), IOVA(UInt64(number) << 16 + 4095))
        return request("r", "ioas.reserve", #"{"ioas":1,"first":"\#(first)","last":"\#(last)"}"#)
      }
      try client.send(lines.joined())
    }
    for client in clients {
      try reserve(client, 0..<145)
      for _ in 0..<145 { #expect(isResult(try client.line(), of: "r")) }
    }
    let last = try #require(clients.last)
    try reserve(last, 145..<200)
    // Turns in which these are executed, as far as there is room.
    let other = try scene.daemon.connect()
    for _ in 0..<200 { #expect(isResult(try other.call("server.info"), of: "c")) }
    gate.open()
    for _ in 145..<200 { #expect(isResult(try last.line(), of: "r")) }
    #expect(scene.entries.of(.logFull).isEmpty)
  }

  /// Copies are no objects, so that their number says little about what they take in a log.
  @Test func `a log with many copies is not written anew again and again`() throws {
    let scene = try RestartScene()
    let client = try scene.open()
    _ = try client.call("ioas.alloc")
    _ = try client.call("ioas.map", #"{"ioas":1,"length":4096,"iova":"0x1000","source":{"kind":"new"}}"#)
    for round in 0..<22 as Range<UInt64> {
      var lines = ""
      for number in 0..<100 as Range<UInt64> {
        let iova = IOVA(0x100_0000 + (100 * round + number) * 4096)
        lines += request(
          "c", "ioas.copy",
          #"{"src_ioas":1,"src_iova":"0x1000","length":4096,"dst_ioas":1,"iova":"\#(iova)"}"#)
      }
      try client.send(lines)
      for _ in 0..<100 { #expect(isResult(try client.line(), of: "c")) }
    }
    try Self.writeAnew(client, hundreds: 200)
    scene.keeper.hear()
    let logs = scene.keeper.said.count { $0.contains("FDSTORE=1\nFDNAME=l") }
    #expect(logs > 1 && logs < 10, "\(logs)")
  }
}
