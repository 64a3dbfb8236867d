// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// What tables are made of: leaves of every size where they fit, and memory that is given back to the byte.
@Suite struct TableShapeTests {
  private static let gibibyte: UInt64 = 1 << 30

  @Test func leavesOf1GiBAreUsedAndShown() throws {
    let scene = Tracked(pages: 3 << 18, backed: 1)
    let device = scene.device()
    let table = try scene.tables.attach(device, to: scene.space).table
    // From 2 MiB before a border of 1 GiB to 4 KiB behind the next one.
    try scene.map(
      2 * Self.gibibyte - 2 << 20, bytes: Self.gibibyte + 2 << 20 + 4096, offset: Self.gibibyte - 2 << 20)
    let all = IOVARange(IOVA(0), through: IOVA(1 << 40))
    let walk = try table.runs(in: all, limit: 10)
    #expect(walk.runs.map(\.pageSize) == [2 << 20, Self.gibibyte, 4096])
    #expect(
      walk.runs.map(\.range.first.rawValue)
        == [2 * Self.gibibyte - 2 << 20, 2 * Self.gibibyte, 3 * Self.gibibyte])
    #expect(table.domain.levels().map(\.leaves) == [0, 1, 1, 1])
    #expect(table.domain.levels().map(\.entrySize) == [1 << 39, 1 << 30, 1 << 21, 1 << 12])
    // Top, one on each level for both small leaves: 2 MiB and 4 KiB lie in different gigabytes.
    #expect(table.domain.levels().map(\.tables) == [1, 1, 2, 1])
    #expect(table.domain.tableBytes == 5 * 4096)
    #expect(try scene.clear([device], []) == 0)
  }

  @Test func anIOVAIsChosenSoThatTheLargestLeafFits() throws {
    let scene = Tracked(pages: 3 << 18, backed: 1)
    let device = scene.device()
    let table = try scene.tables.attach(device, to: scene.space).table
    let iova = try scene.space.map([
      AddressSpace.MapRequest(
        memory: .origin(scene.origin, offset: 0, writable: true, account: scene.account), iova: nil,
        length: Self.gibibyte, protection: .read)
    ])[0]
    #expect(table.domain.translate(iova)?.pageSize == Self.gibibyte)
    #expect(try scene.clear([device], []) == 0)
  }

  @Test(arguments: [(48, 4), (57, 5)] as [(UInt64, Int)])
  func bitsOfTheApertureSayHowManyLevels(bits: UInt64, levels: Int) throws {
    let scene = Tracked(pages: 16)
    let device = scene.device {
      $0.shape = TableShape(format: .vtd, aperture: IOVARange(IOVA(0), through: IOVA(1 << bits - 1)))
    }
    let table = try scene.tables.attach(device, to: scene.space).table
    #expect(table.domain.levels().count == levels && table.shape.levels == levels)
    let last: UInt64 = 1 << bits - 4096
    try scene.map(last, bytes: 4096)
    try scene.write(device, last, bytes: 4096, 9)
    #expect(try scene.read(device, last + 4095, bytes: 1) == [9])
    #expect(refusal { () throws(Refusal) in try scene.map(1 << bits, bytes: 4096) }?.errno == .einval)
    #expect(table.domain.levels().map(\.tables) == Array(repeating: 1, count: levels))
    #expect(try scene.clear([device], []) == 0)
  }

  @Test(arguments: [1024, 2048, 4096] as [UInt64])
  func flatTablesTakeAnySmallPage(page: UInt64) throws {
    let scene = Tracked(pages: 16)
    let device = scene.device {
      $0.shape = TableShape(format: .flat, pageSizes: PageSizes(rawValue: page), aperture: .all)
    }
    let table = try scene.tables.attach(device, to: scene.space).table
    #expect(scene.space.usable().alignment == page)
    try scene.map(page, bytes: page, offset: page)
    try scene.write(device, page, bytes: Int(page), 7)
    #expect(table.domain.translate(IOVA(page))?.pageSize == page)
    #expect(table.domain.levels().map(\.leaves) == [1])
    #expect(refusal { () throws(Refusal) in try scene.map(page / 2, bytes: page) }?.errno == .einval)
    #expect(try scene.clear([device], []) == 0)
  }

  /// Maps and unmaps at random, small and of whole gigabytes, everywhere: an empty table takes what it took at first.
  @Test(arguments: ["vtd", "5 levels", "flat", "tracking"], [1, 2] as [UInt64])
  func memoryOfTablesIsGivenBackToTheByte(kind: String, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let scene = Tracked(pages: 3 << 18, backed: 16)
    let bits: UInt64 = kind == "5 levels" ? 57 : 48
    let device = scene.device {
      $0.shape = TableShape(
        format: kind == "flat" ? .flat : .vtd, aperture: IOVARange(IOVA(0), through: IOVA(1 << bits - 1)))
    }
    let table = try scene.tables.make(device.profile.shape, in: scene.space, tracking: kind == "tracking")
    _ = try scene.tables.attach(device, to: table)
    if kind == "tracking" { try table.setTracking(true) }
    let start = table.domain.tableBytes
    var areas: [IOVARange] = []
    var most = start
    for _ in 0..<200 {
      if areas.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
        let place = UInt64.random(in: 0..<1 << UInt64.random(in: 24..<bits, using: &random), using: &random)
        let isLarge = kind != "flat" && Int.random(in: 0..<4, using: &random) == 0
        let iova = place & ~(isLarge ? Self.gibibyte - 1 : Page.offsetMask)
        let bytes =
          isLarge
          ? UInt64.random(in: 1...3, using: &random) << 30
          : UInt64.random(in: 1...(2 << UInt64.random(in: 0...10, using: &random)), using: &random)
            << Page.shift
        guard let range = IOVARange(first: IOVA(iova), length: bytes) else { continue }
        do throws(Refusal) {
          try scene.map(iova, bytes: bytes)
          areas.append(range)
          if kind == "tracking" { try scene.write(device, iova, bytes: 1) }
        } catch {
          // Occupied, or past the aperture.
          continue
        }
      } else {
        let area = areas.remove(at: Int.random(in: 0..<areas.count, using: &random))
        _ = try scene.space.unmap([area])
      }
      most = max(most, table.domain.tableBytes)
    }
    #expect(most > start)
    _ = try scene.space.unmapAll()
    #expect(table.domain.tableBytes == start)
    #expect(try scene.clear([device], [table]) == 0)
  }
}
