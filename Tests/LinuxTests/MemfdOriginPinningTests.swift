// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuLinux
import Testing

/// VmPin and VmLck count a whole process, so who looks at them runs in one of his own.
@Suite struct MemfdOriginPinningTests {
  @Test(.enabled(if: ringsWork(), "io_uring is not allowed here"))
  func theKernelPinsExactlyThePages() async {
    await #expect(processExitsWith: .success) {
      let memory = try ClientMemory(pages: 40_000)
      let origin = try memory.origin()
      #expect(origin.residency == .pinned)
      let before = try statusPages("VmPin")
      // Neither end lies at a border of 64 MiB, and two are crossed.
      let runs = try origin.pinAll(pages(100, 39_099), for: alice)
      #expect(runs == [FrameRun(pfn: origin.frameBase.advanced(by: 100), count: 39_000)])
      #expect(try statusPages("VmPin") == before + 39_000)
      #expect(origin.pinnedPages == 39_000)
      #expect(origin.registeredPages == 39_000)
      #expect(iommu_add_seals(memory.number, Seals.write.rawValue) == -EBUSY)
      origin.unpin(pages(100, 39_099), for: alice)
      #expect(try statusPages("VmPin") == before)
      #expect(origin.pinnedPages == 0)
      #expect(origin.registeredPages == 0)
    }
  }

  @Test(.enabled(if: ringsWork(), "io_uring is not allowed here"))
  func partsAreRetainedUntilTheLastGoes() async {
    await #expect(processExitsWith: .success) {
      let origin = try ClientMemory(pages: 200).origin()
      let before = try statusPages("VmPin")
      _ = try origin.pinAll(pages(0, 199), for: alice)
      origin.unpin(pages(0, 149), for: alice)
      #expect(origin.pinnedPages == 50)
      #expect(origin.registeredPages == 200)
      #expect(try statusPages("VmPin") == before + 200)
      // Retained pages come back without another registration.
      #expect(try origin.pinAll(pages(100, 149), for: alice).first?.count == 50)
      #expect(try statusPages("VmPin") == before + 200)
      origin.unpin(pages(100, 199), for: alice)
      #expect(origin.registeredPages == 0)
      #expect(try statusPages("VmPin") == before)
    }
  }

  @Test(.enabled(if: ringsWork(), "io_uring is not allowed here"))
  func twoHoldersPinTwice() async {
    await #expect(processExitsWith: .success) {
      let origin = try ClientMemory(pages: 20).origin()
      let before = try statusPages("VmPin")
      _ = try origin.pinAll(pages(0, 9), for: alice)
      _ = try origin.pinAll(pages(5, 14), for: bob)
      #expect(origin.pinnedPages == 20)
      #expect(try statusPages("VmPin") == before + 20)
      origin.unpin(pages(0, 9), for: alice)
      #expect(try statusPages("VmPin") == before + 10)
      origin.unpin(pages(5, 14), for: bob)
      #expect(try statusPages("VmPin") == before)
    }
  }

  @Test(.enabled(if: ringsWork(), "io_uring is not allowed here"))
  func anotherRingIsMadeWhenSlotsRunOut() async {
    await #expect(processExitsWith: .success) {
      let count: UInt64 = 20_000
      let origin = try ClientMemory(pages: Int(count)).origin()
      let before = try statusPages("VmPin")
      for index in 0..<count { _ = try origin.pinAll(pages(index, index), for: alice) }
      #expect(try statusPages("VmPin") == before + Int(count))
      origin.unpin(pages(0, count - 1), for: alice)
      #expect(try statusPages("VmPin") == before)
    }
  }

  @Test(arguments: [true, false])
  func memoryIsLockedWhereItCannotBePinned(readOnly: Bool) async {
    await #expect(processExitsWith: .success) { [readOnly] in
      let memory = try ClientMemory(pages: 100)
      let origin = try MemfdOrigin(
        readOnly ? try memory.receivedReadOnly() : try memory.received(), frames: FrameAllocator(),
        pinning: readOnly ? .ioUring : .mlock)
      #expect(origin.residency == .locked)
      let before = try statusPages("VmLck")
      let pinned = try statusPages("VmPin")
      _ = try origin.pinAll(pages(10, 59), for: alice, writable: !readOnly)
      // The lock of one holder outlives the other's.
      _ = try origin.pinAll(pages(10, 59), for: bob, writable: false)
      #expect(try statusPages("VmLck") == before + 100)
      #expect(try statusPages("VmPin") == pinned)
      origin.unpin(pages(10, 59), for: alice)
      #expect(try statusPages("VmLck") == before + 50)
      origin.unpin(pages(10, 59), for: bob)
      #expect(try statusPages("VmLck") == before)
    }
  }

  @Test func aWriteSealedFileIsLocked() throws {
    let memory = try ClientMemory(pages: 4)
    try #require(iommu_add_seals(memory.number, Seals.write.rawValue) == 0)
    let origin = try memory.origin()
    #expect(throws: Refusal.readOnly) { _ = try origin.pinAll(pages(0, 3), for: alice, writable: true) }
    _ = try origin.pinAll(pages(0, 3), for: alice, writable: false)
    #expect(origin.residency == .locked)
    #expect(origin.pinnedPages == 4)
    origin.unpin(pages(0, 3), for: alice)
  }

  @Test(arguments: [Pinning.ioUring, .mlock]) func holesAreNotFilled(pinning: Pinning) throws {
    let memory = try ClientMemory(pages: 100, populated: 80)
    let origin = try memory.origin(pinning: pinning)
    #expect(throws: Refusal.origin(.efault, index: PageIndex(80))) {
      _ = try origin.pinAll(pages(10, 99), for: alice)
    }
    #expect(throws: Refusal.origin(.efault, index: PageIndex(90))) {
      _ = try origin.pinAll(pages(90, 90), for: alice)
    }
    #expect(origin.registeredPages == 0)
    #expect(memory.allocatedBytes == UInt64(80 * pageBytes))
    _ = try origin.pinAll(pages(0, 79), for: alice)
    origin.unpin(pages(0, 79), for: alice)
  }

  @Test(arguments: [Pinning.ioUring, .mlock]) func newMemoryIsFilledWhenItIsPinned(pinning: Pinning) throws {
    let file = try MemfdFile(new: 100 * Page.size)
    let view = try file.open(write: false)
    let origin = try MemfdOrigin(file, frames: FrameAllocator(), pinning: pinning)
    _ = try origin.pinAll(pages(0, 49), for: alice)
    var facts = iommu_file_facts()
    try #require(unsafe iommu_file_facts(view.rawValue, &facts) == 0)
    #expect(facts.allocated == 50 * Page.size)
    origin.unpin(pages(0, 49), for: alice)
  }

  @Test(arguments: [Pinning.ioUring, .mlock]) func aFileThatBecameShorterIsAFault(pinning: Pinning) throws {
    let memory = try ClientMemory(pages: 10)
    let origin = try memory.origin(pinning: pinning)
    try #require(ftruncate(memory.number, 5 * pageBytes) == 0)
    #expect(throws: Refusal.origin(.efault, index: PageIndex(5))) {
      _ = try origin.pinAll(pages(0, 9), for: alice)
    }
    #expect(origin.registeredPages == 0)
  }

  @Test func framesLeadBackToIndexes() throws {
    let frames = FrameAllocator()
    let first = try MemfdOrigin(try ClientMemory(pages: 3, extraBytes: 1).received(), frames: frames)
    let second = try MemfdOrigin(try ClientMemory(pages: 1).received(), frames: frames)
    #expect(first.frameBase.rawValue % FrameAllocator.unit == 0)
    #expect(first.index(of: first.frameBase.advanced(by: 3)) == PageIndex(3))
    #expect(first.index(of: first.frameBase.advanced(by: 4)) == nil)
    #expect(first.index(of: second.frameBase) == nil)
    #expect(second.index(of: first.frameBase) == nil)
  }

  @Test(arguments: [true, false]) func theLimitOfLockedMemoryIsENOMEM(pins: Bool) async {
    await #expect(processExitsWith: .success) { [pins] in
      var limit = rlimit(rlim_cur: 64 << 10, rlim_max: 64 << 10)
      try #require(unsafe setrlimit(__rlimit_resource_t(8), &limit) == 0)
      if getuid() == 0 { try #require(setgid(65534) == 0 && setuid(65534) == 0) }
      let origin = try ClientMemory(pages: 100).origin(pinning: pins ? .ioUring : .mlock)
      #expect(throws: Refusal.origin(.enomem, index: PageIndex(0))) {
        _ = try origin.pinAll(pages(0, 99), for: alice)
      }
      #expect(origin.registeredPages == 0)
      _ = try origin.pinAll(pages(0, 7), for: alice)
      #expect(origin.pinnedPages == 8)
      origin.unpin(pages(0, 7), for: alice)
    }
  }

  @Test func manyThreadsPinAtOnce() throws {
    let origin = try ClientMemory(pages: 512).origin()
    let done = try onThreads(8) { number in
      let holder = PinHolder(rawValue: UInt64(100 + number))
      var random = SplitMix(state: UInt64(number))
      for _ in 0..<200 {
        let first = random.next() % 500
        let range = pages(first, min(511, first + random.next() % 100))
        guard (try? origin.pinAll(range, for: holder)) != nil else { return false }
        origin.unpin(range, for: holder)
      }
      return true
    }
    #expect(done == 8)
    #expect(origin.registeredPages == 0)
  }
}
