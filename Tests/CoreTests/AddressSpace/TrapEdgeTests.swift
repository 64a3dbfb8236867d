// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// One scenario for each mistake that comes easily at edges: of 64 bits, of pages, and of what a pin answers.
@Suite struct TrapEdgeTests {
  private let space = AddressSpace()

  /// Sums, last bytes and numbers of pages at the top of 64 bits.
  @Test func theTopOf64BitsDoesNotWrap() throws {
    // As large as an origin can be: its last page ends at 2^63.
    let scene = Scene(pages: 1 << 51)
    let end: UInt64 = 1 << 63
    func map(_ iova: UInt64, _ offset: UInt64, _ bytes: UInt64) -> Refusal? {
      refusal { () throws(Refusal) in try scene.map(space, iova, offset: offset, bytes: bytes) }
    }
    #expect(map(0x1000, .max, 2) == .overflow(start: .max, length: 2))
    #expect(map(0x1000, .max - 4095, 0x2000) == .overflow(start: .max - 4095, length: 0x2000))
    #expect(map(0x1000, 1, .max) == .overflow(start: 1, length: .max))
    #expect(map(0x1000, 0, .max - 1)?.errno == .eoverflow)
    #expect(map(0x1000, end - 4095, 0x1000) == .pastEnd(offset: end - 4095, length: 0x1000, size: end))
    #expect(map(.max - 4095, 0, 0x1001) == .overflow(start: .max - 4095, length: 0x1001))
    #expect(space.areaCount == 0)

    // The last page of both is of use, from end to end.
    try space.attach(scene.domain())
    let pages = try scene.map(space, .max - 4095, offset: end - 4096, bytes: 0x1000)
    let access = try Access(space, pins: true)
    let last = IOVARange(IOVA(.max - 4095), through: IOVA(.max))
    let pin = try access.pin(last, write: true)
    #expect(pin.segments.map(\.offset) == [end - 4096] && pages.firstInOrigin == 1 << 51 - 1)
    #expect(space.area(at: IOVA(.max))?.range == last && space.areas(after: IOVA(.max)).isEmpty)
    try access.unpin(pin.id)
    #expect(try space.unmap([last]) == 0x1000)
    #expect(try scene.clear(space, closing: [access]) == [])
  }

  /// Where the runs of a sub-page area lie, in whole and in small batches.
  @Test(arguments: FramePattern.allCases, [1, 2, 8192])
  func partialPagesKeepTheirOffset(pattern: FramePattern, batchLimit: Int) throws {
    let scene = Scene(pattern)
    let space = AddressSpace(batchLimit: batchLimit)
    let domain = scene.domain(grain: 1024)
    try space.attach(domain)
    // From the third kilobyte of page 2 on to the first of page 9.
    let (iova, offset, bytes) = (0x10c00, 0x2800, 0x6c00) as (UInt64, UInt64, UInt64)
    let pages = try scene.map(space, iova, offset: offset, bytes: bytes)
    for position in stride(from: UInt64(0), to: bytes, by: 1024) {
      let byte = offset + position
      #expect(
        domain.translate(IOVA(iova + position))?.address
          == scene.origin.pfn(byte >> 12) << 12 + byte & 0xfff)
    }
    #expect(domain.entries.count == Int(bytes / 1024) && scene.pinned == Array(2...9))
    if pattern == .contiguous { #expect(domain.maps == 1) }
    // A second domain gets the same through the first.
    let second = scene.domain(grain: 1024)
    try space.attach(second)
    #expect(second.entries.mapValues(\.address) == domain.entries.mapValues(\.address))
    #expect(domain.readPages == 8 && pages.count == 8)
    #expect(try space.unmap([IOVARange(IOVA(iova), through: IOVA(iova + bytes - 1))]) == bytes)
    #expect(try scene.clear(space) == [])
  }

  /// A slice of a huge run that begins and ends inside pages is one run all the same.
  @Test func anUnalignedSliceOfAHugeRunIsOneMap() throws {
    let scene = Scene(pages: 4096)
    let domain = scene.domain(grain: 1024)
    try space.attach(domain)
    try scene.map(space, 0x400, offset: 0x400, bytes: 4096 << 12 - 0x800)
    #expect(domain.maps == 1 && scene.origin.pinCalls == 1 && scene.origin.pinned == 4096)
    #expect(try scene.clear(space) == [])
  }

  /// An origin that pins three pages at a time refuses the third time, or the first.
  @Test(arguments: [0, 1, 2])
  func aPinThatFailsAfterShortAnswersLeavesNothing(answers: Int) throws {
    let plan = FaultPlan()
    let scene = Scene(.scattered, faults: plan)
    scene.origin.shortPins = 3
    let other = AddressSpace()
    let pages = try scene.map(space, 0x10000, bytes: 10 << 12)
    let access = try Access(space, pins: true)
    let refused = Refusal.origin(.efault, index: PageIndex(UInt64(answers) * 3))

    plan.arm(after: answers)
    #expect(
      refusal { () throws(Refusal) in try access.pin(pageRange(0x10000, pages: 10), write: true) } == refused)
    #expect(scene.origin.pinned == 0 && scene.account.charged == 0 && pages.storeBytes == 0)
    #expect(try pages.tiers().map(\.tier) == [.origin])

    let domain = scene.domain()
    try other.attach(domain)
    plan.arm(after: answers)
    #expect(
      refusal { () throws(Refusal) in try scene.copy(pages, offset: 0, bytes: 10 << 12, to: other, 0x10000) }
        == refused)
    #expect(scene.origin.pinned == 0 && scene.account.charged == 0 && domain.entries.isEmpty)

    try scene.copy(pages, offset: 0, bytes: 10 << 12, to: other, 0x10000)
    _ = try access.pin(pageRange(0x10000, pages: 10), write: true)
    #expect(scene.frames(pages, 0...9) == scene.expected(0...9) && scene.account.charged == 10)
    #expect(try scene.clear(space, other, closing: [access]) == [])
  }
}
