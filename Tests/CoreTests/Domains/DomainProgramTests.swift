// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// Random programs on both formats beside the naive model.
@Suite struct DomainProgramTests {
  /// One format with one aperture; programs keep to a few windows of it, so that maps become neighbours.
  struct Setting: Sendable, CustomTestStringConvertible {
    var name: String
    var page: UInt64
    var windows: [IOVARange]
    var make: @Sendable () throws -> any Domain
    var check: @Sendable (any Domain) -> Void

    var testDescription: String { name }
  }

  private static func window(_ first: UInt64, _ last: UInt64) -> IOVARange {
    IOVARange(IOVA(first), through: IOVA(last))
  }

  private static let top48: UInt64 = 1 << 48 - 1

  private static func vtd(_ name: String, bits: UInt64, sizes: UInt64) -> Setting {
    let top: UInt64 = 1 << bits - 1
    return Setting(
      name: name, page: 4096,
      windows: [
        window(0, 6 << 20 - 1), window(1 << 30 - 3 << 20, 1 << 30 + 3 << 20 - 1),
        window(top - (6 << 20 - 1), top),
      ],
      make: {
        try VTDDomain(aperture: window(0, top), pageSizes: PageSizes(rawValue: sizes))
      },
      check: { ($0 as? VTDDomain)?._checkInvariants() })
  }

  private static func flat(_ name: String, page: UInt64) -> Setting {
    Setting(
      name: name, page: page,
      windows: [
        window(0, 3 << 20 - 1), window(256 << 20 - 1 << 20, 256 << 20 + 1 << 20 - 1),
        window(.max - (2 << 20 - 1), .max),
      ],
      make: { try FlatDomain(pageSizes: PageSizes(rawValue: page)) },
      check: { ($0 as? FlatDomain)?._checkInvariants() })
  }

  static let settings = [
    vtd("vtd", bits: 48, sizes: 1 << 12 | 1 << 21),
    vtd("vtd, small leaves alone", bits: 48, sizes: 1 << 12),
    vtd("vtd, 5 levels", bits: 57, sizes: 1 << 12 | 1 << 21 | 1 << 30),
    flat("flat, 4 KiB", page: 4096), flat("flat, 1 KiB", page: 1024), flat("flat, 2 KiB", page: 2048),
  ]

  @Test(arguments: settings, [1, 2, 3] as [UInt64])
  func followsADictionary(setting: Setting, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let domain = try setting.make()
    let empty = domain.tableBytes
    var model = DomainModel(page: setting.page)
    for step in 0..<250 {
      let context = "\(setting.name), seed \(seed), step \(step)"
      if model.maps.isEmpty || Int.random(in: 0..<5, using: &random) < 3 {
        guard let map = Self.map(in: model, setting, &random) else { continue }
        try domain.map(
          batch(map.runs), at: map.slot, protection: map.protection, singlePages: map.singlePages)
        model.insert(map)
      } else {
        domain.unmap(model.remove(at: Int.random(in: 0..<model.maps.count, using: &random)))
      }
      Self.compare(domain, model, setting, context, &random)
      if step % 25 == 0 { setting.check(domain) }
    }
    while !model.maps.isEmpty { domain.unmap(model.remove(at: model.maps.count - 1)) }
    setting.check(domain)
    #expect(domain.tableBytes == empty)
  }

  /// A map of 1...5 runs at a free place, or nil when none was found.
  private static func map(
    in model: DomainModel, _ setting: Setting, _ random: inout SplitMix
  ) -> DomainModel.Map? {
    var runs: [FrameRun] = []
    for position in 0..<Int.random(in: 1...5, using: &random) {
      // Now and then a run for which a leaf of 2 MiB is possible.
      let isLarge = Int.random(in: 0..<5, using: &random) == 0
      let count =
        isLarge ? UInt64.random(in: 512...1100, using: &random) : .random(in: 1...40, using: &random)
      let base = UInt64.random(in: 0...1000, using: &random) << 21 + UInt64(position) << 11
      runs.append(
        FrameRun(pfn: PFN(base + (isLarge ? 0 : .random(in: 0...600, using: &random))), count: count))
    }
    let pages = runs.reduce(0) { $0 + $1.count }
    let skew = UInt64.random(in: 0..<Page.size / setting.page, using: &random) * setting.page
    var tail = UInt64.random(in: 0..<Page.size / setting.page, using: &random) * setting.page
    if pages == 1, skew + tail >= Page.size { tail = 0 }
    let length = pages << Page.shift - skew - tail
    for _ in 0..<20 {
      let window = setting.windows[Int.random(in: 0..<setting.windows.count, using: &random)]
      let room = window.last.rawValue - window.first.rawValue
      guard length - 1 <= room else { continue }
      let steps = (room - (length - 1)) / setting.page
      // Often at the window's end, which may be the aperture's, and often on 2 MiB.
      let offset: UInt64 =
        switch Int.random(in: 0..<4, using: &random) {
        case 0: steps * setting.page
        case 1: min(UInt64.random(in: 0...2, using: &random) << 21, steps * setting.page)
        default: UInt64.random(in: 0...steps, using: &random) * setting.page
        }
      let slot = DomainSlot(iova: IOVA(window.first.rawValue + offset), skew: skew, length: length)
      let rights = Protection(rawValue: .random(in: 1...3, using: &random))
      let map = DomainModel.Map(
        slot: slot, runs: runs, protection: rights,
        singlePages: Int.random(in: 0..<4, using: &random) == 0)
      if model.isFree(map.range) { return map }
    }
    return nil
  }

  private static func compare(
    _ domain: any Domain, _ model: DomainModel, _ setting: Setting, _ context: String,
    _ random: inout SplitMix
  ) {
    for map in model.maps {
      let all = map.frames
      var read = RunBatch(limit: 4096)
      #expect(domain.readRuns(map.slot, into: &read) == UInt64(all.count), "\(context)")
      #expect(frames(read) == all, "\(context)")
      // A batch that is too small takes a prefix, and the rest is read from there on.
      var small = RunBatch(limit: 2)
      let taken = domain.readRuns(map.slot, into: &small)
      #expect(taken > 0 && frames(small) == Array(all.prefix(Int(taken))), "\(context)")
      if taken < UInt64(all.count) {
        let skipped = taken << Page.shift - map.slot.skew
        let rest = DomainSlot(
          iova: IOVA(map.slot.iova.rawValue + skipped), skew: 0, length: map.slot.length - skipped)
        var more = RunBatch(limit: 4096)
        _ = domain.readRuns(rest, into: &more)
        #expect(frames(more) == Array(all.dropFirst(Int(taken))), "\(context)")
      }
      for iova in [map.range.first, map.range.last] {
        compare(domain.translate(iova), model.entry(iova), context)
        let inside = UInt64.random(in: iova.rawValue...map.range.last.rawValue, using: &random)
        stretch(domain, model, IOVA(inside), .random(in: 1...4 << 20, using: &random), context)
      }
    }
    for _ in 0..<20 {
      let window = setting.windows[Int.random(in: 0..<setting.windows.count, using: &random)]
      let iova = IOVA(.random(in: window.first.rawValue...window.last.rawValue, using: &random))
      compare(domain.translate(iova), model.entry(iova), context)
      stretch(domain, model, iova, .random(in: 1...4 << 20, using: &random), context)
    }
  }

  /// A stretch is what translating byte by byte finds, and ends where that ends to follow.
  private static func stretch(
    _ domain: any Domain, _ model: DomainModel, _ iova: IOVA, _ limit: UInt64, _ context: String
  ) {
    let found = domain.stretch(from: iova, limit: limit)
    #expect(found?.start == domain.translate(iova), "\(context)")
    guard let (start, length) = found else { return }
    func follows(_ done: UInt64) -> Bool {
      let (next, overflow) = iova.rawValue.addingReportingOverflow(done)
      guard !overflow, let entry = model.entry(IOVA(next)) else { return false }
      return entry.address == start.address + done && entry.protection == start.protection
        && domain.translate(IOVA(next))?.pageSize == start.pageSize
    }
    #expect(length > 0 && length <= limit, "\(context)")
    var done = model.page - iova.rawValue % model.page
    while done < length {
      #expect(follows(done), "\(context): \(iova), \(done) of \(length) bytes")
      done += model.page
    }
    #expect(length == limit || !follows(length), "\(context): \(iova) goes on behind \(length) bytes")
  }

  private static func compare(
    _ translation: Translation?, _ entry: DomainModel.Entry?, _ context: String
  ) {
    #expect(translation?.address == entry?.address, "\(context)")
    #expect(translation?.protection == entry?.protection, "\(context)")
  }
}
