// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

@Suite("Dirty tracking: bitmaps") struct DirtyBitmapTests {
  /// A bitmap that was full of ones, in memory.
  final class Memory: BitmapSink {
    var bytes: [UInt8]
    var zeroes: UInt64 = 0
    var writes = 0
    /// Writes until one fails.
    var failsAfter: Int?

    init(bytes: UInt64) { self.bytes = [UInt8](repeating: 0xff, count: Int(bytes)) }

    func write(at offset: UInt64, _ source: UnsafeRawBufferPointer) throws(Refusal) {
      writes += 1
      if let failsAfter, writes > failsAfter { throw .origin(.efault, index: PageIndex(0)) }
      for position in 0..<source.count { unsafe bytes[Int(offset) + position] = source[position] }
    }

    func zero(at offset: UInt64, count: UInt64) throws(Refusal) {
      zeroes += count
      for position in offset..<offset + count { bytes[Int(position)] = 0 }
    }

    var ones: [Int] {
      bytes.indices.flatMap { byte in (0..<8).filter { bytes[byte] >> $0 & 1 != 0 }.map { byte * 8 + $0 } }
    }
  }

  /// A bitmap of any size that only counts.
  final class Counter: BitmapSink {
    var written: UInt64 = 0
    var zeroed: UInt64 = 0

    func write(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(Refusal) {
      written += UInt64(bytes.count)
    }
    func zero(at offset: UInt64, count: UInt64) throws(Refusal) { zeroed += count }
  }

  private func range(_ iova: UInt64, _ bytes: UInt64) -> IOVARange {
    IOVARange(IOVA(iova), through: IOVA(iova + (bytes - 1)))
  }

  private func bitmap(
    _ table: PageTable, _ range: IOVARange, page: UInt64 = 4096, keep: Bool = false
  ) throws(Refusal) -> (ones: [Int], count: UInt64) {
    let memory = Memory(bytes: PageTable.bitmapBytes(of: range, pageSize: page))
    let count = try table.writeDirtyBitmap(of: range, pageSize: page, keep: keep, to: memory)
    return (memory.ones, count)
  }

  @Test func runsCrossWordsAndBytes() throws {
    let scene = Tracked(pages: 512)
    try scene.map(0x10000, bytes: 512 << 12)
    let (device, table) = try scene.tracking()
    for (first, count) in [(0, 1), (62, 5), (120, 136), (400, 8), (511, 1)] {
      try scene.write(device, 0x10000 + UInt64(first) << 12, bytes: count << 12)
    }
    let expected = [0] + Array(62..<67) + Array(120..<256) + Array(400..<408) + [511]
    let all = range(0x10000, 512 << 12)
    #expect(try bitmap(table, all, keep: true) == (expected, UInt64(expected.count)))
    // Another beginning, an end inside a byte, larger pages.
    #expect(
      try bitmap(table, range(0x10000 + 63 << 12, 61 << 12), keep: true).ones == [0, 1, 2, 3] + Array(57..<61)
    )
    #expect(
      try bitmap(table, range(0x10000, 512 << 12), page: 0x10000, keep: true).ones
        == [0, 3, 4] + Array(7..<16) + [25, 31])
    #expect(try bitmap(table, all).ones == expected)
    #expect(try bitmap(table, all) == ([], 0))
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func followsTheRangesOfRandomWrites() throws {
    let scene = Tracked(pages: 4096)
    for place in 0..<4 as Range<UInt64> { try scene.map(place << 30, bytes: 4096 << 12) }
    let (device, table) = try scene.tracking()
    for seed in 1...30 as ClosedRange<UInt64> {
      var random = SplitMix(seed: seed)
      for _ in 0..<40 {
        let iova =
          UInt64.random(in: 0..<4, using: &random) << 30 + .random(in: 0..<4000 << 12, using: &random)
        try scene.write(device, iova, bytes: .random(in: 1...200_000, using: &random))
      }
      let page: UInt64 = 4096 << UInt64.random(in: 0...4, using: &random)
      let first = UInt64.random(in: 0..<2000, using: &random) * page
      let whole = range(first, UInt64.random(in: 1...300_000, using: &random) * page)
      let runs = try table.dirtyRuns(in: whole, pageSize: page, keep: true, limit: .max).runs
      let expected = runs.flatMap { run in
        Int((run.first.rawValue - first) / page)...Int((run.last.rawValue - first) / page)
      }
      #expect(try bitmap(table, whole, page: page).ones == expected, "seed \(seed)")
      #expect(try table.dirtyRuns(in: whole, pageSize: page, keep: true, limit: .max).runs.isEmpty)
    }
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func whatCouldNotBeWrittenIsNotedAgain() throws {
    let scene = Tracked(pages: 16)
    // Three pieces of a bitmap.
    for place in 0..<3 as Range<UInt64> { try scene.map(place << 30, bytes: 0x4000) }
    let (device, table) = try scene.tracking()
    for place in 0..<3 as Range<UInt64> { try scene.write(device, place << 30 + 0x1000, bytes: 1) }
    let before = try table.dirty(0, bytes: 1 << 32, keep: true)
    let whole = range(0, 1 << 32)
    for writes in 0..<3 {
      let memory = Memory(bytes: PageTable.bitmapBytes(of: whole, pageSize: 4096))
      memory.failsAfter = writes
      let failure = refusal { () throws(Refusal) in
        try table.writeDirtyBitmap(of: whole, pageSize: 4096, keep: false, to: memory)
      }
      #expect(failure == .origin(.efault, index: PageIndex(0)))
      #expect(try table.dirty(0, bytes: 1 << 32, keep: true) == before)
    }
    #expect(try scene.clear([device], [table]) == 0)
  }

  /// 2^48 bytes have 2^36 pages, and all but three are skipped.
  @Test func costFollowsWhatWasWritten() throws {
    let scene = Tracked(pages: 16)
    for place in [0, 1 << 40, 1 << 47] as [UInt64] { try scene.map(place, bytes: 0x4000) }
    let (device, table) = try scene.tracking()
    for place in [0, 1 << 40, 1 << 47] as [UInt64] { try scene.write(device, place, bytes: 1) }
    let counter = Counter()
    #expect(try table.writeDirtyBitmap(of: range(0, 1 << 48), pageSize: 4096, keep: true, to: counter) == 3)
    #expect(counter.written == 3 * 4096 && counter.written + counter.zeroed == 1 << 33)
    #expect(try table.dirty(0, bytes: 1 << 48, page: 1 << 30).count == 3)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func endsAtTheLastAddress() throws {
    let scene = Tracked(pages: 16)
    let (device, table) = try scene.tracking {
      $0.shape = TableShape(format: .flat, aperture: .all)
    }
    try scene.map(.max - 0x1fff, bytes: 0x2000)
    try scene.write(device, .max, bytes: 1)
    let last = IOVARange(IOVA(.max - 0xffff), through: IOVA(.max))
    #expect(try bitmap(table, last).ones == [15])
    #expect(try scene.clear([device], [table]) == 0)
  }
}
