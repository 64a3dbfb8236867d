// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuLinux
import Testing

/// Each of the ways to look.
@Suite struct HoleProbeTests {
  @Test(arguments: [true, false])
  func theFirstHoleIsFound(asksCache: Bool) throws {
    let probe = HoleProbe(asksCache: asksCache)
    let memory = try ClientMemory(pages: 300)
    let file = try memory.received()
    func hole(_ first: UInt64, _ last: UInt64) throws -> UInt64? {
      try probe.firstHole(in: pages(first, last), of: file, allowingAllocated: true)?.rawValue
    }
    #expect(try hole(0, 299) == nil)
    #expect(try hole(7, 7) == nil)
    try memory.punch(page: 7)
    try memory.punch(page: 201, count: 2)
    #expect(try hole(0, 299) == 7)
    #expect(try hole(7, 7) == 7)
    #expect(try hole(0, 6) == nil)
    #expect(try hole(8, 200) == nil)
    #expect(try hole(8, 250) == 201)
    #expect(try hole(203, 299) == nil)
    #expect(try hole(190, 210) == 201)
  }

  @Test(arguments: [true, false])
  func aWholeFileIsRememberedUntilItChanges(asksCache: Bool) throws {
    let probe = HoleProbe(asksCache: asksCache)
    let memory = try ClientMemory(pages: 100)
    let file = try memory.received()
    for _ in 0..<3 {
      #expect(try probe.firstHole(in: pages(0, 99), of: file, allowingAllocated: true) == nil)
    }
    try memory.punch(page: 99)
    #expect(try probe.firstHole(in: pages(0, 99), of: file, allowingAllocated: true) == PageIndex(99))
    try memory.write(page: 99, 1)
    #expect(try probe.firstHole(in: pages(0, 99), of: file, allowingAllocated: true) == nil)
  }

  @Test func allocatedMemoryIsNoHole() throws {
    let memory = try ClientMemory(pages: 100, populated: 0)
    try #require(iommu_allocate(memory.number, 0, UInt64(100 * pageBytes)) == 0)
    let file = try memory.received()
    // An older kernel takes it for one, and is believed only where a quota bounds the harm.
    let old = HoleProbe(asksCache: false)
    #expect(try old.firstHole(in: pages(0, 99), of: file, allowingAllocated: true) == nil)
    #expect(try old.firstHole(in: pages(3, 4), of: file, allowingAllocated: false) == PageIndex(3))
    if iommu_pages_present(memory.number, 0, Page.size) >= 0 {
      let new = HoleProbe()
      #expect(try new.firstHole(in: pages(0, 99), of: file, allowingAllocated: false) == nil)
    }
  }

  @Test func lookingFillsNothing() throws {
    let memory = try ClientMemory(pages: 100, populated: 50)
    let file = try memory.received()
    for asksCache in [true, false] {
      let probe = HoleProbe(asksCache: asksCache)
      #expect(try probe.firstHole(in: pages(0, 99), of: file, allowingAllocated: true) == PageIndex(50))
    }
    #expect(memory.allocatedBytes == UInt64(50 * pageBytes))
  }

  @Test func aSparseFileOfManyTerabytesIsQuick() throws {
    let memory = try ClientMemory(pages: 1 << 34, populated: 0)
    try memory.write(page: (1 << 34) - 1, 1)
    let file = try memory.received()
    for asksCache in [true, false] {
      let probe = HoleProbe(asksCache: asksCache)
      let whole = pages(0, (1 << 34) - 1)
      #expect(try probe.firstHole(in: whole, of: file, allowingAllocated: true) == PageIndex(0))
      let last = pages((1 << 34) - 1, (1 << 34) - 1)
      #expect(try probe.firstHole(in: last, of: file, allowingAllocated: true) == nil)
    }
  }

  @Test(.enabled(if: getuid() == 0, "needs root to become somebody else"))
  func whereTheFileCannotBeReopenedTheBlocksTell() async {
    await #expect(processExitsWith: .success) {
      let memory = try ClientMemory(pages: 10)
      try #require(fchmod(memory.number, 0o600) == 0)
      try #require(setgid(65534) == 0 && setuid(65534) == 0)
      try #require(iommu_reopen(memory.number, 0) == -EACCES)
      let file = try memory.received()
      let probe = HoleProbe(asksCache: false)
      #expect(try probe.firstHole(in: pages(2, 3), of: file, allowingAllocated: false) == nil)
      try memory.punch(page: 9)
      #expect(try probe.firstHole(in: pages(2, 3), of: file, allowingAllocated: false) == PageIndex(2))
    }
  }
}
