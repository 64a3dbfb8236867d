// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuLinux
import Testing

@Suite struct MemfdFileTests {
  @Test func newMemoryIsSealedAndPrivate() throws {
    let file = try MemfdFile(new: 3 << 20)
    #expect(file.isOwn == true)
    #expect(file.size == 3 << 20)
    #expect(file.facts.seals.isSuperset(of: [.shrink, .grow, .seal]))
    #expect(file.facts.seals.isDisjoint(with: [.write, .futureWrite]))
    #expect(file.facts.writable == true)
    let descriptor = try file.open(write: true)
    var facts = iommu_file_facts()
    try #require(unsafe iommu_file_facts(descriptor.rawValue, &facts) == 0)
    #expect(facts.mode & 0o7777 == 0o600)
    #expect(facts.allocated == 0)
    #expect(ftruncate(descriptor.rawValue, 1) != 0)
    #expect(fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
  }

  @Test func sizesThatCannotBe() {
    for size in [UInt64(0), 1 << 63, .max] {
      #expect(throws: Errno.einval) { _ = try MemfdFile(new: size) }
    }
  }

  @Test func readOnlyDescriptorsAreAnsweredWhereTheyHold() throws {
    let own = try MemfdFile(new: 4096)
    #expect(own.opensWritable(write: false) == false)
    #expect(own.opensWritable(write: true) == true)
    #expect(mode(try own.open(write: false)) == O_RDONLY)
    #expect(mode(try own.open(write: true)) == O_RDWR)

    // The supplier's own description, which says so.
    let theirs = try ClientMemory(pages: 1).received()
    #expect(theirs.opensWritable(write: false) == true)
    #expect(mode(try theirs.open(write: false)) == O_RDWR)

    let readOnly = try ClientMemory(pages: 1).receivedReadOnly()
    #expect(readOnly.opensWritable(write: false) == false)
    #expect(mode(try readOnly.open(write: false)) == O_RDONLY)
    #expect(throws: Errno.eperm) { _ = try readOnly.open(write: true) }
  }

  private func mode(_ descriptor: consuming OwnedDescriptor) -> Int32 {
    fcntl(descriptor.rawValue, F_GETFL) & O_ACCMODE
  }
}
