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

  @Test func verdicts() throws {
    guard let folder = Self.folder else {
      print("skipped: the public JSON suite; set IOMMUD_JSON_SUITE to its test_parsing folder")
      return
    }
    var counts: [Character: Int] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    where name.hasSuffix(".json") {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
      let accepted = isAccepted(bytes)
      switch name.first {
      case "n": #expect(!accepted, "\(name)")
      case "y": #expect(accepted == !name.contains("duplicated_key"), "\(name)")
      default: break
      }
      counts[name.first ?? "?", default: 0] += 1
    }
    #expect(counts["n", default: 0] > 100 && counts["y", default: 0] > 50)
  }
}
