// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// What clients do to files that they brought, before and while these are mapped and pinned.
@Suite("Files of clients")
struct FileSourceTests {
  private struct Stage {
    let house: House
    let caller: Caller
    /// Nobody sees it, so nothing is pinned.
    let idle: UInt32
    /// A device sees it, so everything is.
    let seen: UInt32
    let device: UInt32
    let access: UInt32

    init(_ change: (inout QuotaLimits) -> Void = { _ in }) throws {
      house = House(change)
      caller = try house.connect()
      idle = try caller.ioas()
      seen = try caller.ioas()
      device = try caller.device()
      try caller.attach(device, to: seen)
      access = try caller.access(idle)
    }

    @discardableResult
    func map(
      _ file: File, pages: UInt64, offset: UInt64 = 0, in ioas: UInt32, at iova: UInt64 = 0x10_0000
    ) throws -> UInt32 {
      let range = IOASMap.Range(
        length: pages * 4096, source: .fd(0, offset: offset), iova: IOVA(iova))
      return try caller.map(ioas, range, [file.passed()]).memory
    }

    func read(_ page: UInt64, _ length: UInt64 = 1) throws -> [UInt8] {
      try caller.call(
        caller.services.access.read,
        AccessRead(access: access, iova: IOVA(0x10_0000 + page * 4096), length: length)
      ).data.bytes
    }

    func write(_ page: UInt64, _ bytes: [UInt8] = [9]) throws {
      let call = AccessWrite(
        access: access, iova: IOVA(0x10_0000 + page * 4096), data: Bytes(bytes))
      _ = try caller.call(caller.services.access.write, call)
    }

    func dmaRead(_ page: UInt64) throws -> [UInt8] {
      let call = DeviceDMARead(device: device, iova: IOVA(0x10_0000 + page * 4096), length: 1)
      return try caller.call(caller.services.device.dmaRead, call).data.bytes
    }

    func dmaWrite(_ page: UInt64) throws {
      let call = DeviceDMAWrite(
        device: device, iova: IOVA(0x10_0000 + page * 4096), data: Bytes([9]))
      _ = try caller.call(caller.services.device.dmaWrite, call)
    }
  }

  /// A file of which only some pages are there, each filled with its number plus one.
  private final class File {
    let descriptor: OwnedDescriptor
    var number: Int32 { descriptor.rawValue }

    init(pages: Int, populated: Range<Int>, seals: Int = 0) throws {
      let made = unsafe iommu_memfd_create("test", UInt32(IOMMU_HUGE_NONE))
      try #require(made >= 0)
      descriptor = OwnedDescriptor(owning: made)
      try #require(ftruncate(made, pages * 4096) == 0)
      for page in populated { try populate(page) }
      if seals != 0 { try #require(iommu_add_seals(made, UInt32(seals)) == 0) }
    }

    func populate(_ page: Int) throws {
      let bytes = [UInt8](repeating: UInt8(page + 1), count: 4096)
      let done = unsafe bytes.withUnsafeBytes {
        unsafe iommu_pwrite_all(number, $0.baseAddress, 4096, UInt64(page) * 4096)
      }
      try #require(done == 4096)
    }

    func punch(_ page: UInt64) throws {
      try #require(iommu_punch_hole(number, page * 4096, 4096) == 0)
    }

    func passed() throws -> Int32 { try descriptor.duplicate().release() }

    var allocatedPages: UInt64 {
      var facts = iommu_file_facts()
      return unsafe iommu_file_facts(number, &facts) == 0 ? facts.allocated / 4096 : .max
    }
  }

  @Test("Sealed or not, a file is mapped, and memory.list says which it is")
  func seals() throws {
    let stage = try Stage()
    let sealed = try File(pages: 1, populated: 0..<1, seals: IOMMU_SEAL_SHRINK)
    let open = try File(pages: 1, populated: 0..<1)
    let ids = [
      try stage.map(sealed, pages: 1, in: stage.seen),
      try stage.map(open, pages: 1, in: stage.seen, at: 0x20_0000),
    ]
    let items = try stage.caller.call(stage.caller.services.memory.list, MemoryList(after: nil)).items
    #expect(items.map(\.memory) == ids)
    #expect(items.map(\.sealed) == [true, false])
    #expect(items.map(\.pinnedPages) == [1, 1])
  }

  @Test("A file that becomes shorter faults where it has ended, and nowhere else")
  func truncated() throws {
    let stage = try Stage()
    let file = try File(pages: 4, populated: 0..<4)
    try stage.map(file, pages: 4, in: stage.idle)
    try stage.map(file, pages: 4, in: stage.seen)
    try #require(ftruncate(file.number, 2 * 4096) == 0)
    expect(.efault, "iova") { _ = try stage.read(2) }
    expect(.efault, "iova") { try stage.write(3) }
    expect(.efault, "iova") { _ = try stage.read(0, 4 * 4096) }
    expect(.efault, "iova") { _ = try stage.dmaRead(2) }
    expect(.efault, "iova") { try stage.dmaWrite(3) }
    #expect(try stage.read(1) == [2])
    #expect(try stage.dmaRead(1) == [2])
    // What a device pinned stays pinned, and goes at unmap; nothing new is pinned past the end.
    #expect(try stage.house.state.pinnedPages == 4)
    expect(.efault, "iova") { _ = try stage.caller.pin(stage.access, 0x10_0000, 4 * 4096) }
    _ = try stage.caller.pin(stage.access, 0x10_0000, 2 * 4096)
    // Longer again, it has holes there.
    try #require(ftruncate(file.number, 4 * 4096) == 0)
    #expect(try stage.read(2) == [0])
    expect(.efault, "iova") { try stage.write(2) }
    #expect(try stage.caller.unmap(stage.seen, 0, .max) == 4 * 4096)
    #expect(try stage.house.state.pinnedPages == 2)
  }

  @Test(
    "Holes are read as zeroes, never filled by pinning or writing, and pinned once the client populates them")
  func holes() throws {
    let stage = try Stage()
    let file = try File(pages: 8, populated: 0..<2)
    try stage.map(file, pages: 8, in: stage.idle)
    let state = try stage.house.state
    expect(.efault, "source") { try stage.map(file, pages: 8, in: stage.seen) }
    expect(.efault, "iova") { _ = try stage.caller.pin(stage.access, 0x10_1000, 2 * 4096) }
    expect(.efault, "iova") { try stage.write(5) }
    expect(.efault, "iova") { try stage.write(1, [UInt8](repeating: 1, count: 4097)) }
    #expect(try stage.house.state == state)
    #expect(try stage.read(4, 4096) == [UInt8](repeating: 0, count: 4096))
    #expect(
      try stage.read(1, 8192) == [UInt8](repeating: 2, count: 4096) + [UInt8](repeating: 0, count: 4096))
    #expect(file.allocatedPages == 2)
    for page in 2..<8 { try file.populate(page) }
    try stage.map(file, pages: 8, in: stage.seen)
    #expect(try stage.dmaRead(7) == [8])
  }

  @Test("A hole in pinned memory orphans the frame: copies see what the client sees, and the charge stays")
  func punched() throws {
    let stage = try Stage()
    let file = try File(pages: 4, populated: 0..<4)
    try stage.map(file, pages: 4, in: stage.seen)
    try file.punch(1)
    #expect(try stage.dmaRead(1) == [0])
    expect(.efault, "iova") { try stage.dmaWrite(1) }
    #expect(file.allocatedPages == 3)
    #expect(try stage.house.state.pinnedPages == 4)
    #expect(try stage.house.state.chargedPages == 4)
    try file.populate(1)
    #expect(try stage.dmaRead(1) == [2])
    try stage.dmaWrite(1)
    var byte: UInt8 = 0
    #expect(unsafe pread(file.number, &byte, 1, 4096) == 1 && byte == 9)
    #expect(try stage.caller.unmap(stage.seen, 0, .max) == 4 * 4096)
    #expect(try stage.house.state.chargedPages == 0)
  }

  @Test("A sparse file of 64 TiB costs its owner's held bytes, and the machine nothing")
  func sparse() throws {
    let size: UInt64 = 64 << 40
    let usual = try Stage()
    let file = try File(pages: 2, populated: 0..<1)
    try #require(ftruncate(file.number, Int(size)) == 0)
    let refused = try usual.house.state
    expect(.edquot, "source.fd") { try usual.map(file, pages: 1, in: usual.idle) }
    #expect(try usual.house.state == refused)

    let stage = try Stage { limits in
      limits[each: .heldBytes] = size
      limits[whole: .heldBytes] = 4 * size
    }
    try stage.map(file, pages: size / 4096, in: stage.idle, at: 0x10_0000)
    #expect(try stage.read(0) == [1])
    #expect(try stage.read(size / 4096 - 1) == [0])
    expect(.efault, "iova") { try stage.write(size / 4096 - 1) }
    let state = try stage.house.state
    #expect(state.heldBytes == size)
    // The pin quota comes before any page is looked at.
    expect(.enomem, "length") { _ = try stage.caller.pin(stage.access, 0x10_0000, size) }
    expect(.efault, "iova") { _ = try stage.caller.pin(stage.access, 0x10_0000, 4 << 20) }
    expect(.enomem, "to") { try stage.caller.attach(try stage.caller.device(), to: stage.idle) }
    _ = try stage.caller.pin(stage.access, 0x10_0000, 4096)
    #expect(file.allocatedPages == 1)
    // The last page of the file, alone, for a device.
    let far = IOASMap.Range(length: 4096, source: .fd(0, offset: size - 4096), iova: IOVA(0x10_0000))
    expect(.efault, "source") { try stage.caller.map(stage.seen, far, [file.passed()]) }
    try #require(iommu_allocate(file.number, size - 4096, 4096) == 0)
    try stage.caller.map(stage.seen, far, [file.passed()])
    try stage.dmaWrite(0)
    #expect(try stage.read(size / 4096 - 1) == [9])
  }

  @Test("A file of no bytes cannot be mapped, one of part of a page to its last byte")
  func small() throws {
    let stage = try Stage()
    let file = try File(pages: 0, populated: 0..<0)
    expect(.einval, "length") { try stage.map(file, pages: 1, in: stage.idle) }
    try #require(ftruncate(file.number, 100) == 0)
    expect(.einval, "length") { try stage.map(file, pages: 1, in: stage.seen) }
    let reader = try stage.caller.ioas()
    let range = IOASMap.Range(length: 100, source: .fd(0), iova: IOVA(0x1000))
    try stage.caller.map(reader, range, [file.passed()])
    let beyond = IOASMap.Range(length: 101, source: .fd(0), iova: IOVA(0x2000))
    expect(.einval, "length") { try stage.caller.map(reader, beyond, [file.passed()]) }
  }

  @Test("A file that is sealed against writing while it is pinned refuses; sealed before, it is only read")
  func sealedLate() throws {
    let stage = try Stage()
    let file = try File(pages: 1, populated: 0..<1)
    try stage.map(file, pages: 1, in: stage.seen)
    #expect(iommu_add_seals(file.number, UInt32(IOMMU_SEAL_WRITE)) == -EBUSY)
    #expect(iommu_add_seals(file.number, UInt32(IOMMU_SEAL_FUTURE_WRITE)) == 0)
    // Nobody gets the right to write any more, and whoever has it keeps it.
    try stage.dmaWrite(0)
    let late = IOASMap.Range(length: 4096, source: .fd(0), iova: IOVA(0x30_0000), write: true)
    expect(.eperm, "write") { try stage.caller.map(stage.seen, late, [file.passed()]) }
  }
}
