// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

@Suite("Dirty tracking: rules") struct DirtyTrackingTests {
  private static let page: UInt64 = 4096
  private static let mebibyte: UInt64 = 1 << 20
  private static let gibibyte: UInt64 = 1 << 30

  @Test func writesAreToldOnceReadsNever() throws {
    let scene = Tracked(pages: 64)
    try scene.map(0x10000, bytes: 16 * Self.page)
    let (device, table) = try scene.tracking()
    _ = try scene.read(device, 0x10000, bytes: 0x8000)
    #expect(try table.dirty(0x10000, bytes: 0x10000).isEmpty)
    try scene.write(device, 0x11fff, bytes: 2)
    try scene.write(device, 0x18000, bytes: 1)
    #expect(try table.dirty(0x10000, bytes: 0x10000) == [0x11000...0x12fff, 0x18000...0x18fff])
    #expect(try table.dirty(0x10000, bytes: 0x10000).isEmpty)
    // What the CPU writes is no DMA.
    let buffer = Bytes([1, 2, 3])
    try unsafe scene.space.write(IOVA(0x14000), from: buffer.readOnly)
    #expect(try table.dirty(0, bytes: 1 << 40).isEmpty)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func keepAnswersAndLeaves() throws {
    let scene = Tracked(pages: 64)
    try scene.map(0, bytes: 64 * Self.page)
    let (device, table) = try scene.tracking()
    try scene.write(device, 0x3000, bytes: 0x2000)
    for _ in 0..<3 { #expect(try table.dirty(0, bytes: 0x10000, keep: true) == [0x3000...0x4fff]) }
    // Clearing a part leaves the rest.
    #expect(try table.dirty(0x4000, bytes: 0x1000) == [0x4000...0x4fff])
    #expect(try table.dirty(0, bytes: 0x10000) == [0x3000...0x3fff])
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func onClearsAndOffForgets() throws {
    let scene = Tracked(pages: 64)
    try scene.map(0, bytes: 64 * Self.page)
    let (device, table) = try scene.tracking()
    try scene.write(device, 0x3000, bytes: 1)
    try table.setTracking(true)
    #expect(try table.dirty(0, bytes: 0x10000).isEmpty)
    try scene.write(device, 0x3000, bytes: 1)
    try table.setTracking(false)
    #expect(!table.isTracking)
    try scene.write(device, 0x4000, bytes: 1)
    #expect(refusal { () throws(Refusal) in try table.dirty(0, bytes: 0x10000) } == .notTracking)
    try table.setTracking(true)
    #expect(try table.dirty(0, bytes: 0x10000).isEmpty)
    // Nothing is left of a table's memory but the table.
    #expect(table.domain.tableBytes == 4 * Self.page)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func tablesWithoutTrackingRefuse() throws {
    let scene = Tracked(pages: 4)
    let device = scene.device()
    let table = try scene.tables.attach(device, to: scene.space).table
    #expect(!table.canTrack)
    #expect(refusal { () throws(Refusal) in try table.setTracking(true) } == .cannotTrack)
    #expect(refusal { () throws(Refusal) in try table.dirty(0, bytes: 0x1000) } == .cannotTrack)
    #expect(try scene.clear([device], []) == 0)
  }

  @Test func oddRangesAndPageSizesAreRefused() throws {
    let scene = Tracked(pages: 4)
    let (device, table) = try scene.tracking()
    func refused(_ iova: UInt64, _ bytes: UInt64, _ page: UInt64) -> Refusal? {
      refusal { () throws(Refusal) in try table.dirty(iova, bytes: bytes, page: page) }
    }
    for size in [0, 1, 1024, 2048, 4097, 12288, .max] as [UInt64] {
      #expect(refused(0, 1 << 30, size) == .unsupported(.bitmapPage, value: size))
    }
    #expect(refused(0x1000, 0x10000, 0x2000) == .misaligned(.iova, value: 0x1000, alignment: 0x2000))
    #expect(refused(0x2000, 0x1000, 0x2000) == .misaligned(.length, value: 0x1000, alignment: 0x2000))
    #expect(refused(0, 1 << 63, 1 << 63) == nil)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func exactWhateverTheLeaf() throws {
    let scene = Tracked(pages: 3 << 18, backed: 3 << 9)
    // Leaves of 1 GiB and 2 MiB, in areas that stand side by side.
    try scene.map(Self.gibibyte, bytes: Self.gibibyte)
    try scene.map(2 * Self.gibibyte, bytes: 2 * Self.mebibyte)
    let (device, table) = try scene.tracking()
    #expect(table.domain.translate(IOVA(Self.gibibyte))?.pageSize == Self.gibibyte)
    #expect(table.domain.translate(IOVA(2 * Self.gibibyte))?.pageSize == 2 * Self.mebibyte)
    try scene.write(device, Self.gibibyte + 0x5432, bytes: 1)
    try scene.write(device, 2 * Self.gibibyte + 0xfff, bytes: 2)
    let all = try table.dirty(0, bytes: 4 * Self.gibibyte, keep: true)
    #expect(
      all == [
        Self.gibibyte + 0x5000...Self.gibibyte + 0x5fff,
        2 * Self.gibibyte...2 * Self.gibibyte + 0x1fff,
      ])
    // In larger pages.
    let large = try table.dirty(0, bytes: 4 * Self.gibibyte, page: Self.gibibyte, keep: true)
    #expect(large == [Self.gibibyte...3 * Self.gibibyte - 1])
    // And what was told in large pages is told.
    _ = try table.dirty(0, bytes: 4 * Self.gibibyte, page: Self.gibibyte)
    #expect(try table.dirty(0, bytes: 4 * Self.gibibyte).isEmpty)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func gapsAreCleanAndNothingBehindThemIsMissed() throws {
    let scene = Tracked(pages: 1024)
    for place in 0..<8 as Range<UInt64> { try scene.map(place << 30, bytes: 0x2000) }
    let (device, table) = try scene.tracking()
    for place in [0, 3, 7] as [UInt64] { try scene.write(device, place << 30 + 0x1000, bytes: 1) }
    let expected = [0, 3, 7].map { (place: UInt64) in place << 30 + 0x1000...place << 30 + 0x1fff }
    #expect(try table.dirty(0, bytes: 1 << 48) == expected)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func areasMappedLaterCountToo() throws {
    let scene = Tracked(pages: 64)
    let (device, table) = try scene.tracking()
    try scene.map(0x10000, bytes: 0x4000)
    try scene.write(device, 0x12000, bytes: 1)
    #expect(try table.dirty(0, bytes: 1 << 30) == [0x12000...0x12fff])
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func anUnmapDiscards() throws {
    let scene = Tracked(pages: 64)
    let (device, table) = try scene.tracking()
    for place in [0x10000, 0x12000, 0x14000] as [UInt64] { try scene.map(place, bytes: 0x2000) }
    try scene.write(device, 0x10000, bytes: 0x6000)
    _ = try scene.space.unmap([pageRange(0x12000, pages: 2)])
    #expect(try table.dirty(0, bytes: 1 << 30, keep: true) == [0x10000...0x11fff, 0x14000...0x15fff])
    // What comes to the same place is clean.
    try scene.map(0x12000, bytes: 0x2000)
    #expect(try table.dirty(0x12000, bytes: 0x2000).isEmpty)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func anUnmapDiscardsNothingOfANeighbourInTheSamePage() throws {
    let scene = Tracked(pages: 64)
    let (device, table) = try scene.tracking {
      $0.shape = TableShape(format: .flat, pageSizes: PageSizes(rawValue: 1024))
    }
    try scene.map(0x1000, bytes: 1024)
    try scene.map(0x1400, bytes: 1024, offset: 0x3000)
    try scene.write(device, 0x1000, bytes: 0x800)
    _ = try scene.space.unmap([IOVARange(IOVA(0x1000), through: IOVA(0x13ff))])
    #expect(try table.dirty(0, bytes: 0x10000, keep: true) == [0x1000...0x1fff])
    _ = try scene.space.unmap([IOVARange(IOVA(0x1400), through: IOVA(0x17ff))])
    #expect(try table.dirty(0, bytes: 0x10000).isEmpty)
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func aFaultLeavesWhatWasWrittenMarked() throws {
    let scene = Tracked(pages: 64)
    try scene.map(0x10000, bytes: 0x3000)
    let (device, table) = try scene.tracking()
    let fault = refusal { () throws(Refusal) in try scene.write(device, 0x11000, bytes: 0x4000) }
    #expect(fault == .fault(iova: IOVA(0x13000), done: 0x2000))
    #expect(try table.dirty(0, bytes: 1 << 30) == [0x11000...0x12fff])
    // Memory that ends in the middle of a run: exact to the page.
    scene.origin.truncate(to: 0x1800)
    let cut = refusal { () throws(Refusal) in try scene.write(device, 0x10000, bytes: 0x3000) }
    #expect(cut == .fault(iova: IOVA(0x11000), done: 0x1000))
    #expect(try table.dirty(0, bytes: 1 << 30) == [0x10000...0x11fff])
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func aLimitGoesOnWithoutLossAndEndsAtPages() throws {
    let scene = Tracked(pages: 4096)
    try scene.map(0, bytes: 4096 * Self.page)
    let (device, table) = try scene.tracking()
    for place in stride(from: UInt64(0), to: 4096, by: 3) {
      try scene.write(device, place * Self.page, bytes: 1)
    }
    let whole = IOVARange(IOVA(0), through: IOVA(1 << 40 - 1))
    // Pages of 64 KiB, every one of which is written in several places: a call that has enough ends with a page.
    let part = try table.dirtyRuns(in: whole, pageSize: 0x10000, keep: true, limit: 1)
    #expect(part.runs == [IOVARange(IOVA(0), through: IOVA(0xffff))] && part.next == IOVA(0x10000))
    for limit in [1, 2, 7, 1365, 1366, 4000] {
      #expect(try table.dirty(0, bytes: 1 << 40, keep: true, limit: limit).count == 1366)
    }
    #expect(try table.dirty(0, bytes: 1 << 40, limit: 7).count == 1366)
    #expect(try table.dirty(0, bytes: 1 << 40).isEmpty)
    #expect(table.domain.dirty?.bytes == 0)
    #expect(try scene.clear([device], [table]) == 0)
  }

  /// Two pages of 16 KiB, each written in two places, and one run asked for: its page is told as a whole.
  @Test func aLimitTakesAllOfItsLastPage() throws {
    let scene = Tracked(pages: 64)
    try scene.map(0, bytes: 64 * Self.page)
    let (device, table) = try scene.tracking()
    for place in [0x0, 0x2000, 0x8000, 0xa000] as [UInt64] { try scene.write(device, place, bytes: 1) }
    let whole = IOVARange(IOVA(0), through: IOVA(0xffff))
    let first = try table.dirtyRuns(in: whole, pageSize: 0x4000, keep: false, limit: 1)
    #expect(first.runs == [IOVARange(IOVA(0), through: IOVA(0x3fff))] && first.next == IOVA(0x4000))
    #expect(try table.dirty(0, bytes: 0x10000) == [0x8000...0x8fff, 0xa000...0xafff])
    #expect(try scene.clear([device], [table]) == 0)
  }

  @Test func whoMustNotWaitDoesNotLookAtMuch() throws {
    let scene = Tracked(pages: 32768)
    try scene.map(0, bytes: 32768 * Self.page)
    let (device, table) = try scene.tracking()
    for place in stride(from: UInt64(0), to: 32768, by: 2) {
      try scene.write(device, place * Self.page, bytes: 1)
    }
    let whole = IOVARange(IOVA(0), through: IOVA(1 << 40 - 1))
    #expect(
      refusal { () throws(Refusal) in
        try table.dirtyRuns(in: whole, pageSize: 4096, keep: false, limit: 1, .tryOnly)
      } == .contended)
    #expect(refusal { () throws(Refusal) in try table.setTracking(false, .tryOnly) } == .contended)
    #expect(table.isTracking)
    #expect(try table.dirty(0, bytes: 1 << 40, limit: 4000).count == 16384)
    #expect(
      try table.dirtyRuns(in: whole, pageSize: 4096, keep: false, limit: 1, .tryOnly).runs.isEmpty)
    #expect(try scene.clear([device], [table]) == 0)
  }
}
