// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The public JSON parsing suite, where it is at hand.
struct PublicSuiteTests {
  /// Its folder: $IOMMUD_JSON_SUITE, or beside the checkout.
  static var folder: String? {
    let places = [
      ProcessInfo.processInfo.environment["IOMMUD_JSON_SUITE"],
      "../shared/json-test-suite/test_parsing",
    ]
    return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }

  /// What the documents say of the cases that the standard leaves open, by name.
  static func documented() throws -> [String: Bool] {
    let path = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    let text = try String(contentsOfFile: "/\(path)/docs/json.md", encoding: .utf8)
    var said: [String: Bool] = [:]
    for line in text.split(separator: "\n") where line.hasPrefix("| `i_") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      said[cells[0].trimmingCharacters(in: ["`"])] = cells[1] == "accepted"
    }
    return said
  }

  @Test func verdicts() throws {
    guard let folder = Self.folder else {
      print("skipped: the public JSON suite; set IOMMUD_JSON_SUITE to its test_parsing folder")
      return
    }
    var counts: [Character: Int] = [:]
    var open: [String: Bool] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    where name.hasSuffix(".json") {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
      // The best of some: others use the machine as well.
      var (accepted, best) = (false, Duration.seconds(1))
      for _ in 0..<3 { best = min(best, ContinuousClock().measure { accepted = isAccepted(bytes) }) }
      #expect(best < .milliseconds(10), "\(name)")
      switch name.first {
      case "n": #expect(!accepted, "\(name)")
      case "y": #expect(accepted == !name.contains("duplicated_key"), "\(name)")
      default: open[String(name.dropLast(5))] = accepted
      }
      counts[name.first ?? "?", default: 0] += 1
    }
    #expect(counts == ["n": 188, "y": 95, "i": 35])
    let said = try Self.documented()
    for (name, accepted) in open.sorted(by: { $0.key < $1.key }) {
      #expect(said[name] == accepted, "docs/json.md on \(name)")
    }
    #expect(said.count == open.count)
  }
}
