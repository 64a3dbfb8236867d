// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// Random programs on a tracking table beside a set of page numbers.
@Suite("Dirty tracking: model") struct DirtyModelTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var shape: TableShape
    /// Bytes that maps and IOVAs are multiples of.
    var grain: UInt64
  }

  static let settings = [
    Setting(testDescription: "vtd", shape: TableShape(format: .vtd), grain: 4096),
    Setting(
      testDescription: "vtd, 2 MiB areas", shape: TableShape(format: .vtd), grain: 2 << 20),
    Setting(
      testDescription: "vtd, 1 GiB areas", shape: TableShape(format: .vtd), grain: 1 << 30),
    Setting(
      testDescription: "flat, 1 KiB",
      shape: TableShape(format: .flat, pageSizes: PageSizes(rawValue: 1024)), grain: 1024),
  ]

  /// Bytes of every area that have memory behind them.
  private static let backed: UInt64 = 64 << 12

  private struct Model {
    /// Areas, by their first IOVA.
    var areas: [UInt64: UInt64] = [:]
    /// Written pieces of 1 KiB.
    var written: Set<UInt64> = []

    func isFree(_ iova: UInt64, _ bytes: UInt64) -> Bool {
      areas.allSatisfy { iova + bytes <= $0.key || $0.key + $0.value <= iova }
    }

    mutating func unmap(_ iova: UInt64) {
      guard let bytes = areas.removeValue(forKey: iova) else { return }
      written = written.filter { $0 << 10 < iova || $0 << 10 >= iova + bytes }
    }

    func pages(in iova: UInt64, _ bytes: UInt64, page: UInt64) -> Set<UInt64> {
      Set(written.filter { $0 << 10 >= iova && $0 << 10 < iova + bytes }.map { $0 << 10 / page })
    }

    mutating func clear(_ iova: UInt64, _ bytes: UInt64) {
      written = written.filter { $0 << 10 < iova || $0 << 10 >= iova + bytes }
    }
  }

  @Test(arguments: settings, [1, 2, 3, 4] as [UInt64])
  func followsASetOfPages(setting: Setting, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let scene = Tracked(pages: 1 << 20, backed: Self.backed >> Page.shift)
    let (device, table) = try scene.tracking { $0.shape = setting.shape }
    var model = Model()
    for step in 0..<500 {
      let comment = Comment(rawValue: "\(setting), seed \(seed), step \(step)")
      let place = UInt64.random(in: 0..<24, using: &random) * setting.grain
      switch Int.random(in: 0..<10, using: &random) {
      case 0, 1:
        let bytes = UInt64.random(in: 1...3, using: &random) * setting.grain
        guard model.isFree(place, bytes) else { continue }
        try scene.map(place, bytes: bytes)
        model.areas[place] = bytes
      case 2:
        guard let area = model.areas.randomElement(using: &random) else { continue }
        _ = try scene.space.unmap([IOVARange(IOVA(area.key), through: IOVA(area.key + (area.value - 1)))])
        model.unmap(area.key)
      case 3...6:
        guard let area = model.areas.randomElement(using: &random) else { continue }
        let limit = min(area.value, Self.backed)
        let offset = UInt64.random(in: 0..<limit, using: &random)
        let count = UInt64.random(in: 1...min(limit - offset, 20000), using: &random)
        try scene.write(device, area.key + offset, bytes: Int(count))
        let first = area.key + offset
        // The table's smallest page is what a write makes dirty.
        let mask = setting.shape.pageSizes.smallest - 1
        for piece in (first & ~mask) >> 10...((first + count - 1) | mask) >> 10 {
          model.written.insert(piece)
        }
      default:
        let page: UInt64 = 4096 << UInt64.random(in: 0...6, using: &random)
        let iova = UInt64.random(in: 0..<4, using: &random) * page
        let bytes = (UInt64.random(in: 1...24, using: &random) * setting.grain | (page - 1)) + 1
        let keep = Bool.random(using: &random)
        let limit = [1, 3, 1000].randomElement(using: &random) ?? 1
        let runs = try table.dirty(iova, bytes: bytes, page: page, keep: keep, limit: limit)
        let expected = model.pages(in: iova, bytes, page: page)
        #expect(Set(runs.flatMap { $0.lowerBound / page...$0.upperBound / page }) == expected, comment)
        // As few runs as can be, unless they were asked for in pieces.
        if limit == 1000 {
          for (left, right) in zip(runs, runs.dropFirst()) {
            #expect(left.upperBound + 1 < right.lowerBound, comment)
          }
        }
        if !keep { model.clear(iova, bytes) }
      }
    }
    #expect(try scene.clear([device], [table]) == 0)
  }
}
