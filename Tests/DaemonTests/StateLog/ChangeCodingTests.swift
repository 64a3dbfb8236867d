// SPDX-License-Identifier: Apache-2.0

import IommuDaemon
import Testing

/// Changes as bytes.
@Suite struct ChangeCodingTests {
  static func encode(_ change: Change, room: Int = 1 << 12) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0xee, count: room)
    return unsafe bytes.withUnsafeMutableBytes { buffer -> [UInt8]? in
      guard let base = buffer.baseAddress else { return nil }
      var writer = unsafe LogWriter(base, from: 0, to: buffer.count)
      change.write(to: &writer)
      return unsafe writer.isFull ? nil : Array(buffer.prefix(writer.at))
    }
  }

  /// The change and how many bytes it took.
  static func decode(_ bytes: [UInt8]) throws -> (Change, Int) {
    try unsafe bytes.withUnsafeBytes { buffer in
      let base = try unsafe #require(buffer.baseAddress)
      var reader = unsafe LogReader(base, from: 0, to: buffer.count)
      return try (Change(from: &reader), reader.at)
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `come back as they were, and no shorter beginning passes for one`(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    for _ in 0..<50 {
      let change = history.anyChange()
      let bytes = try #require(Self.encode(change))
      let (decoded, length) = try Self.decode(bytes)
      #expect(decoded == change && length == bytes.count)
      for count in 1..<bytes.count {
        #expect(throws: LogCorruption.self) { _ = try Self.decode(Array(bytes.prefix(count))) }
      }
      #expect(Self.encode(change, room: bytes.count - 1) == nil)
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func `that were spoiled come to something else or nothing, and never further than their bytes`(seed: UInt64)
    throws
  {
    var history = RandomHistory(seed: seed)
    var random = SplitMix(seed: seed)
    var refused = 0
    for _ in 0..<500 {
      var bytes = try #require(Self.encode(history.anyChange()))
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        bytes[at] = UInt8.random(in: 0...255, using: &random)
      }
      do {
        let (_, length) = try Self.decode(bytes)
        #expect(length <= bytes.count)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 50)
  }
}
