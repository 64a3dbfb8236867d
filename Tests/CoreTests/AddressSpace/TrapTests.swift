// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// One scenario for each mistake that comes easily in who holds what: the smallest that tells right from wrong.
@Suite struct TrapTests {
  private let space = AddressSpace()

  /// An access that only reads is fine on writable pages; only a write on read-only ones is not.
  @Test func onlyWritingToReadOnlyPagesIsRefused() throws {
    let scene = Scene()
    try scene.map(space, 0x10000, bytes: 0x2000)
    try scene.map(space, 0x20000, bytes: 0x2000, .read, writable: false)
    let access = try Access(space, pins: true)
    for write in [false, true] { _ = try access.pin(pageRange(0x10000, pages: 2), write: write) }
    _ = try access.pin(pageRange(0x20000, pages: 2), write: false)
    let refused = refusal { () throws(Refusal) in
      try access.pin(pageRange(0x20000, pages: 2), write: true)
    }
    #expect(refused?.errno == .eperm)
    #expect(try access.currentPins().count == 3)
    #expect(try scene.clear(space, closing: [access]) == [])
  }

  /// Tier 1 is filled around and between what other accesses and a domain hold; each frame lands at its index.
  @Test(arguments: [0, 1, 3] as [UInt64])
  func tierOneIsFilledAroundWhatOthersHold(shortPins: UInt64) throws {
    let scene = Scene(.scattered)
    scene.origin.shortPins = shortPins
    let other = AddressSpace()
    let pages = try scene.map(space, 0x10000, bytes: 16 << 12)
    try other.attach(scene.domain())
    try scene.copy(pages, offset: 9 << 12, bytes: 2 << 12, to: other, 0x80000)
    let access = try Access(space, pins: true)
    _ = try access.pin(pageRange(0x12000, pages: 2), write: true)
    _ = try access.pin(pageRange(0x15000, pages: 2), write: true)
    #expect(scene.pinned == [2, 3, 5, 6, 9, 10])
    let before = scene.origin.pinCalls
    _ = try access.pin(pageRange(0x10000, pages: 14), write: true)
    #expect(scene.frames(pages, 0...13) == scene.expected(0...13))
    #expect(scene.pinned == Array(0...13))
    if shortPins == 0 { #expect(scene.origin.pinCalls - before == 4) }
    #expect(scene.account.charged == 14)
    #expect(try scene.clear(space, other, closing: [access]) == [])
  }

  /// Pins of the very same range come and go on several threads: whoever holds one finds the frames in tier 1.
  @Test func theSameRangeIsPinnedAndLetGoAtOnce() throws {
    let scene = Scene(.scattered)
    let pages = try scene.map(space, 0x10000, bytes: 8 << 12)
    let accesses = try (0..<4).map { _ in try Access(space, pins: true) }
    let expected = scene.expected(0...7)
    let wrong = Tally()
    let threads = Threads()
    for access in accesses {
      threads.start {
        for _ in 0..<500 where !Self.pinAndLook(access, pages, expected) { wrong.note() }
      }
    }
    threads.join()
    #expect(wrong.count == 0)
    #expect(try pages.pinnedPages() == 0)
    #expect(try scene.clear(space, closing: accesses) == [])
  }

  /// Pins pages 0 to 7, compares their frames in tier 1 and lets them go again.
  private static func pinAndLook(_ access: Access, _ pages: Pages, _ expected: [UInt64]) -> Bool {
    do throws(Refusal) {
      let pin = try access.pin(pageRange(0x10000, pages: 8), write: true)
      var batch = RunBatch()
      let read = pages.heldFrames(of: IndexRange(0, through: 7), into: &batch)
      let found = (0..<batch.count).map { batch[$0].pfn.rawValue }
      try access.unpin(pin.id)
      return read == 8 && found == expected
    } catch {
      return false
    }
  }

  /// What else holds an unmapped area is asked piece by piece: two holders that only together cover all of it keep
  /// all, and one that covers a part keeps a part.
  @Test(arguments: [(4, 8), (6, 6), (4, 4)] as [(UInt64, UInt64)])
  func othersMayHoldAnAreaInPieces(byAccess: UInt64, byDomain: UInt64) throws {
    let scene = Scene()
    let (other, third) = (AddressSpace(), AddressSpace())
    try space.attach(scene.domain())
    try other.attach(scene.domain())
    let pages = try scene.map(space, 0x10000, bytes: 12 << 12)
    try scene.copy(pages, offset: 0, bytes: byAccess << 12, to: third, 0x10000)
    try scene.copy(pages, offset: byAccess << 12, bytes: byDomain << 12, to: other, 0x80000)
    let access = try Access(third, pins: true)
    _ = try access.pin(pageRange(0x10000, pages: byAccess), write: true)
    #expect(try space.unmap([pageRange(0x10000, pages: 12)]) == 12 << 12)
    #expect(scene.pinned == Array(0..<byAccess + byDomain))
    #expect(scene.account.charged == byAccess + byDomain)
    #expect(scene.frames(pages, 0...byAccess + byDomain - 1) == scene.expected(0...byAccess + byDomain - 1))
    #expect(try other.unmapAll() == byDomain << 12)
    #expect(scene.pinned == Array(0..<byAccess))
    #expect(try scene.clear(space, other, third, closing: [access]) == [])
  }

  /// The last access goes from what a domain maps: tier 1 gives its memory back, and nothing is unpinned.
  @Test func whatADomainMapsLeavesTierOnePinned() throws {
    let scene = Scene(.scattered)
    try space.attach(scene.domain())
    let pages = try scene.map(space, 0x10000, bytes: 12 << 12)
    let access = try Access(space, pins: true)
    let pin = try access.pin(pageRange(0x14000, pages: 4), write: true)
    #expect(try pages.tiers().map(\.tier) == [.domain, .store, .domain] && pages.storeBytes > 0)
    try access.unpin(pin.id)
    #expect(try pages.tiers().map(\.tier) == [.domain] && pages.storeBytes == 0)
    #expect(scene.origin.unpinCalls == 0 && scene.pinned == Array(0..<12) && scene.account.charged == 12)
    #expect(scene.frames(pages, 0...11) == scene.expected(0...11))
    #expect(try scene.clear(space, closing: [access]) == [])
  }

  /// The domains before the one that fails have one batch more than it and those after it; each is unmapped just
  /// so far, all before the one unpin.
  @Test(arguments: 0..<3, 0..<3)
  func aFailedFillIsUndoneInEachDomainAsFarAsItCame(failing: Int, batches: Int) throws {
    let scene = Scene(.scattered)
    let space = AddressSpace(batchLimit: 2)
    let plan = FaultPlan()
    for position in 0..<3 { try space.attach(scene.domain(faults: position == failing ? plan : FaultPlan())) }
    plan.arm(after: batches)
    let refused = refusal { () throws(Refusal) in try scene.map(space, 0x10000, bytes: 6 << 12) }
    #expect(refused == .tableMemory && plan.fired)
    #expect(scene.problems == [] && scene.made.allSatisfy(\.entries.isEmpty))
    // Nothing was mapped in a domain that is unmapped without need.
    let calls = (0..<3).map { batches > 0 || $0 < failing ? 1 : 0 }
    #expect(scene.made.map(\.unmapCalls) == calls)
    #expect(scene.origin.pinned == 0 && scene.account.charged == 0 && space.areaCount == 0)
    try scene.map(space, 0x10000, bytes: 6 << 12)
    #expect(try scene.clear(space) == [])
  }

  /// Areas that stand next to each other, over frames that follow each other, leave a domain one by one.
  @Test func neighboursLeaveADomainOneByOne() throws {
    let scene = Scene()
    let (leaving, staying) = (scene.domain(), scene.domain())
    try space.attach(leaving)
    try space.attach(staying)
    let pages = try scene.map(space, 0x10000, bytes: 2 << 12)
    try scene.map(space, 0x12000, offset: 2 << 12, bytes: 2 << 12)
    try scene.map(space, 0x15000, offset: 5 << 12, bytes: 2 << 12)
    try space.detach(leaving)
    #expect(leaving.unmapCalls == 3 && leaving.entries.isEmpty && leaving.readPages == 0)
    #expect(staying.unmapCalls == 0 && staying.entries.count == 6 && scene.origin.unpinCalls == 0)
    // The storage role went on: frames are read from the domain that stays.
    #expect(scene.frames(pages, 0...1) == scene.expected(0...1))
    #expect(staying.readPages == 2)
    #expect(try scene.clear(space) == [])
  }
}
