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

  /// Copies are no objects, so that their number says little about what they take in a log.
  @Test func `a log with many copies is not written anew again and again`() throws {
    let scene = try RestartTests.Scene()
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
