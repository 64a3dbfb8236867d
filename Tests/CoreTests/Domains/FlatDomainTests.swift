// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

@Suite struct FlatDomainTests {
  private static let chunk: UInt64 = 65536 << Page.shift

  private func map(_ domain: FlatDomain, _ iova: UInt64, pfn: UInt64, pages: UInt64) throws {
    try domain.map(
      batch([FrameRun(pfn: PFN(pfn), count: pages)]),
      at: DomainSlot(iova: IOVA(iova), skew: 0, length: pages << Page.shift), protection: .read,
      singlePages: false)
  }

  @Test func chunksComeAndGo() throws {
    let domain = try FlatDomain()
    #expect(domain.tableBytes == 0)
    try map(domain, Self.chunk - Page.size, pfn: 10, pages: 2)
    let two = domain.tableBytes
    #expect(two > 0)
    #expect(domain.translate(IOVA(Self.chunk))?.address == 11 << Page.shift)
    domain.unmap(IOVARange(IOVA(Self.chunk - Page.size), through: IOVA(Self.chunk + Page.size - 1)))
    #expect(domain.tableBytes == 0)
    // The chunk that was kept is as good as new.
    try map(domain, 0, pfn: 1, pages: 1)
    #expect(domain.translate(IOVA(Self.chunk - Page.size)) == nil)
    domain._checkInvariants()
  }

  @Test func allOrNothing() throws {
    let one = try FlatDomain()
    try map(one, 0, pfn: 1, pages: 1)
    let domain = try FlatDomain(tableLimit: one.tableBytes)
    #expect(throws: Refusal.tableMemory) { try map(domain, Self.chunk - Page.size, pfn: 10, pages: 2) }
    #expect(domain.tableBytes == 0)
    #expect(domain.translate(IOVA(Self.chunk - Page.size)) == nil)
    domain._checkInvariants()
  }

  /// An area that begins 1 KiB into its first page and ends 1 KiB before the end of its last.
  @Test func partsOfPages() throws {
    let domain = try FlatDomain(pageSizes: PageSizes(rawValue: 1024))
    let slot = DomainSlot(iova: IOVA(0x400), skew: 0x400, length: 0x1800)
    try domain.map(
      batch([FrameRun(pfn: PFN(5), count: 1), FrameRun(pfn: PFN(9), count: 1)]), at: slot,
      protection: [.read, .write], singlePages: false)
    #expect(domain.translate(IOVA(0x3ff)) == nil)
    #expect(domain.translate(IOVA(0x400))?.address == 0x5400)
    #expect(domain.translate(IOVA(0x1000))?.address == 0x9000)
    #expect(domain.translate(IOVA(0x1bff))?.address == 0x9bff)
    #expect(domain.translate(IOVA(0x1c00)) == nil)
    #expect(domain.translate(IOVA(0x400))?.pageSize == 1024)
    var read = RunBatch(limit: 4)
    #expect(domain.readRuns(slot, into: &read) == 2)
    #expect(frames(read) == [5, 9])
  }

  @Test func refusesOtherPageSizes() {
    for size: UInt64 in [0, 512, 8192] {
      #expect(throws: Refusal.unsupported(.pageSizes, value: size)) {
        try FlatDomain(pageSizes: PageSizes(rawValue: size))
      }
    }
  }

  #if DEBUG
    @Test(arguments: [0, 1] as [UInt64])
    func anEdgeInsideAMapStops(end: UInt64) async {
      if end == 0 {
        await #expect(processExitsWith: .failure) {
          try threePages().unmap(IOVARange(IOVA(0x1000), through: IOVA(0x2fff)))
        }
      } else {
        await #expect(processExitsWith: .failure) {
          try threePages().unmap(IOVARange(IOVA(0), through: IOVA(0x1fff)))
        }
      }
    }

    /// The same cut is right where each page is a map of its own.
    @Test func singlePagesMayBeCut() throws {
      let domain = try threePages(single: true)
      domain.unmap(IOVARange(IOVA(0x1000), through: IOVA(0x1fff)))
      #expect(domain.translate(IOVA(0x1000)) == nil)
      #expect(domain.translate(IOVA(0x2000)) != nil)
    }
  #endif
}

#if DEBUG
  private func threePages(single: Bool = false) throws -> FlatDomain {
    let domain = try FlatDomain()
    try domain.map(
      batch([FrameRun(pfn: PFN(7), count: 3)]), at: DomainSlot(iova: IOVA(0), skew: 0, length: 0x3000),
      protection: .read, singlePages: single)
    return domain
  }
#endif
