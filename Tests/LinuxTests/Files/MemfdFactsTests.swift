// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuLinux
import Testing

@Suite struct MemfdFactsTests {
  @Test func aMemfdIsWhatItIs() throws {
    let memory = try ClientMemory(pages: 3, extraBytes: 5)
    let facts = try MemfdFacts(of: memory.descriptor)
    #expect(facts.size == UInt64(3 * pageBytes + 5))
    #expect(facts.seals.isDisjoint(with: [.seal, .shrink, .grow, .write, .futureWrite]))
    #expect(facts.writable)
    #expect(!facts.hugetlb)
    #expect(facts.alignment == Page.size)
    let again = try MemfdFacts(of: try memory.descriptor.duplicate())
    #expect(again.identity == facts.identity)
    #expect(try MemfdFacts(of: try ClientMemory(pages: 3).descriptor).identity != facts.identity)
  }

  @Test func theRightBelongsToTheDescriptor() throws {
    let memory = try ClientMemory(pages: 1)
    let readOnly = try memory.receivedReadOnly().facts
    let full = try memory.received().facts
    #expect(!readOnly.writable)
    #expect(full.writable)
  }

  @Test(arguments: [Seals.write, .futureWrite])
  func aSealedFileGivesNoRightToWrite(seal: Seals) throws {
    let memory = try ClientMemory(pages: 1)
    try #require(iommu_add_seals(memory.number, seal.rawValue) == 0)
    let facts = try MemfdFacts(of: memory.descriptor)
    #expect(!facts.writable)
    #expect(facts.seals.contains(seal))
  }

  @Test func nothingElseIsTaken() throws {
    var ends: [Int32] = [-1, -1]
    try #require(unsafe iommu_pipe(&ends) == 0)
    var pair: [Int32] = [-1, -1]
    try #require(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
    let others = [
      "pipe": ends[0], "other end": ends[1], "socket": pair[0], "other socket": pair[1],
      "event": iommu_eventfd(0, 0), "folder": unsafe open("/", O_RDONLY),
      "device": unsafe open("/dev/null", O_RDWR),
      "status": unsafe open("/proc/self/status", O_RDONLY),
      "program": unsafe open("/proc/self/exe", O_RDONLY),
      "ring": iommu_ring_create(1),
    ]
    for (name, number) in others where number >= 0 {
      let descriptor = OwnedDescriptor(owning: number)
      #expect(throws: Errno.einval, "\(name)") { _ = try MemfdFacts(of: descriptor) }
    }
  }

  @Test func whatCannotBeReadIsRefused() throws {
    let memory = try ClientMemory(pages: 1)
    for flags in [O_WRONLY, O_PATH_] {
      let number = unsafe open("/proc/self/fd/\(memory.number)", flags)
      try #require(number >= 0)
      let descriptor = OwnedDescriptor(owning: number)
      #expect(throws: Errno.einval) { _ = try MemfdFacts(of: descriptor) }
    }
  }
}

private let O_PATH_: Int32 = 0o10000000
