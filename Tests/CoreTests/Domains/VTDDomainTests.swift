// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

@Suite struct VTDDomainTests {
  private static let large: UInt64 = 2 << 20

  private func slot(_ iova: UInt64, pages: UInt64) -> DomainSlot {
    DomainSlot(iova: IOVA(iova), skew: 0, length: pages << Page.shift)
  }

  private func map(
    _ domain: VTDDomain, _ iova: UInt64, pfn: UInt64, pages: UInt64, singlePages: Bool = false
  ) throws {
    try domain.map(
      batch([FrameRun(pfn: PFN(pfn), count: pages)]), at: slot(iova, pages: pages),
      protection: [.read, .write], singlePages: singlePages)
    domain._checkInvariants()
  }

  private func range(_ iova: UInt64, pages: UInt64) -> IOVARange {
    IOVARange(IOVA(iova), through: IOVA(iova + (pages << Page.shift - 1)))
  }

  @Test func largeLeavesWhereBothSidesAreAligned() throws {
    let domain = try VTDDomain()
    #expect(domain.tableBytes == 4096)
    // From the page before a large one to the page after it.
    try map(domain, Self.large - Page.size, pfn: 0x1ff, pages: 514)
    #expect(domain.translate(IOVA(Self.large - 1))?.pageSize == 4096)
    #expect(domain.translate(IOVA(Self.large))?.pageSize == Self.large)
    #expect(domain.translate(IOVA(2 * Self.large - 1))?.address == 0x400 << 12 - 1)
    #expect(domain.translate(IOVA(2 * Self.large))?.pageSize == 4096)
    // The top table, two below it, and the tables of the two small leaves.
    #expect(domain.tableBytes == 5 * 4096)
    domain.unmap(range(Self.large - Page.size, pages: 514))
    #expect(domain.tableBytes == 4096)
    #expect(domain.translate(IOVA(Self.large)) == nil)
  }

  @Test func smallLeavesWhereTheSidesDiffer() throws {
    let domain = try VTDDomain()
    try map(domain, Self.large, pfn: 0x201, pages: 1024)
    #expect(domain.translate(IOVA(Self.large))?.pageSize == 4096)
    try map(domain, 4 * Self.large, pfn: 0x200, pages: 512, singlePages: true)
    #expect(domain.translate(IOVA(4 * Self.large))?.pageSize == 4096)
  }

  /// Two runs, each half of a large leaf, whose frames even follow each other: two maps, no common leaf.
  @Test func mapsNeverShareALeaf() throws {
    let domain = try VTDDomain()
    try map(domain, 0, pfn: 0x200, pages: 256)
    try map(domain, 256 << 12, pfn: 0x300, pages: 256)
    #expect(domain.translate(IOVA(0))?.pageSize == 4096)
    var read = RunBatch(limit: 8)
    #expect(domain.readRuns(slot(0, pages: 512), into: &read) == 512)
    #expect(read.count == 1)
    domain.unmap(range(0, pages: 256))
    domain._checkInvariants()
    #expect(domain.translate(IOVA(0)) == nil)
    #expect(domain.translate(IOVA(256 << 12))?.address == 0x300 << 12)
  }

  @Test func readsFromTheMiddleOfALeaf() throws {
    let domain = try VTDDomain()
    try map(domain, 0, pfn: 0x200, pages: 1024)
    var read = RunBatch(limit: 1)
    #expect(domain.readRuns(slot(100 << 12, pages: 900), into: &read) == 900)
    #expect(read[0] == FrameRun(pfn: PFN(0x264), count: 900))
  }

  @Test func hugeLeavesOnFiveLevels() throws {
    let domain = try VTDDomain(
      aperture: IOVARange(IOVA(0), through: IOVA(1 << 57 - 1)),
      pageSizes: PageSizes(rawValue: 1 << 12 | 1 << 21 | 1 << 30))
    let gigabyte: UInt64 = 1 << 30
    let base = 1 << 57 - 2 * gigabyte
    try map(domain, base - Self.large, pfn: 0x40000 - 0x200, pages: 0x40000 + 0x200)
    #expect(domain.translate(IOVA(base))?.pageSize == gigabyte)
    #expect(domain.translate(IOVA(base - 1))?.pageSize == Self.large)
    try map(domain, 1 << 57 - 4096, pfn: 7, pages: 1)
    #expect(domain.translate(IOVA(1 << 57 - 1))?.address == 0x7fff)
    #expect(domain.translate(IOVA(1 << 57)) == nil)
    domain.unmap(range(base - Self.large, pages: 0x40000 + 0x200))
    domain.unmap(range(1 << 57 - 4096, pages: 1))
    domain._checkInvariants()
    #expect(domain.tableBytes == 4096)
  }

  /// For every limit that is too small the map is refused and leaves nothing behind.
  @Test func allOrNothing() throws {
    // Over the border of a gigabyte, by small leaves: 1, 1, 2 and 3 tables from the top down.
    let start: UInt64 = 1 << 30 - 3 << 20
    let runs = [FrameRun(pfn: PFN(0x1001), count: 700), FrameRun(pfn: PFN(0x5001), count: 500)]
    for tables in 1...12 {
      let domain = try VTDDomain(tableLimit: UInt64(tables) * 4096)
      do {
        try domain.map(
          batch(runs), at: slot(start, pages: 1200), protection: .read, singlePages: false)
        #expect(tables >= 7)
        #expect(domain.tableBytes == 7 * 4096)
      } catch {
        #expect(error == .tableMemory)
        #expect(tables < 7)
        #expect(domain.tableBytes == 4096)
        #expect(domain.translate(IOVA(start)) == nil)
      }
      domain._checkInvariants()
    }
  }

  @Test func refusesWhatTheFormatLacks() {
    #expect(throws: Refusal.unsupported(.pageSizes, value: 1 << 11 | 1 << 12)) {
      try VTDDomain(pageSizes: PageSizes(rawValue: 1 << 11 | 1 << 12))
    }
    #expect(throws: Refusal.unsupported(.aperture, value: .max)) { try VTDDomain(aperture: .all) }
    #expect(throws: Refusal.tableMemory) { try VTDDomain(tableLimit: 4095) }
  }

  @Test func aSplitLeafStops() async {
    await #expect(processExitsWith: .failure) {
      let domain = try VTDDomain()
      try domain.map(
        batch([FrameRun(pfn: PFN(0), count: 512)]),
        at: DomainSlot(iova: IOVA(0), skew: 0, length: 2 << 20), protection: .read, singlePages: false)
      domain.unmap(IOVARange(IOVA(0), through: IOVA(0xfff)))
    }
  }
}
