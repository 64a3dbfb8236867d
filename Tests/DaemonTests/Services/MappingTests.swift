// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Mapping")
struct MappingTests {
  @Test("A memfd is mapped, seen by a device, read and unmapped, and nothing stays")
  func roundTrip() throws {
    let house = House()
    let before = try house.state
    let caller = try house.connect()
    let memory = try TestMemory(pages: 8)
    let ioas = try caller.ioas()
    let device = try caller.device()
    let hwpt = try caller.attach(device, to: ioas)
    let mapped = try caller.map(
      ioas, .init(length: 8 * 4096, source: .fd(0), iova: IOVA(0x10_0000)), [memory.passed()])
    #expect(mapped.iova == IOVA(0x10_0000))
    #expect(try house.state.pinnedPages == 8)
    #expect(try house.state.chargedPages == 8)

    let read = try caller.call(
      caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(0x10_0ffe), length: 4))
    #expect(read.data.bytes == [1, 1, 2, 2])
    _ = try caller.call(
      caller.services.device.dmaWrite,
      DeviceDMAWrite(device: device, iova: IOVA(0x10_1fff), data: Bytes([9, 8])))
    #expect(try memory.bytes(at: 0x1fff, 2) == [9, 8])

    let runs = try caller.call(
      caller.services.hwpt.translate, HWPTTranslate(hwpt: hwpt, iova: IOVA(0xF_0000), length: 1 << 20)
    ).runs
    #expect(runs.count == TestFrames.runs(8))
    #expect(runs.map(\.length).reduce(0, +) == 8 * 4096)
    #expect(runs.allSatisfy { $0.iova.rawValue == 0x10_0000 + $0.offset && $0.memory == mapped.memory })
    #expect(runs.allSatisfy { $0.pageSize == 4096 && $0.frame.rawValue % 4096 == 0 })
    #expect(runs.allSatisfy { $0.read && $0.write })

    let areas = try caller.call(caller.services.ioas.areas, IOASAreas(ioas: ioas)).items
    #expect(areas.map(\.iova) == [IOVA(0x10_0000)])
    let pages = try #require(areas.first?.pages)
    let tiers = try caller.call(caller.services.pages.tiers, PagesTiers(pages: pages))
    #expect(tiers.items.map(\.tier) == [.domain])
    #expect(tiers.items.map(\.count) == [8])
    #expect(tiers.info.pinnedPages == 8)

    #expect(try caller.unmap(ioas, 0x10_0000, 8 * 4096) == 8 * 4096)
    #expect(try caller.objects.map(\.kind) == [.ioas, .device, .hwpt])
    #expect(try house.state.pinnedPages == 0)
    #expect(try house.state.descriptors == 0)
    caller.close()
    try house.runBacklog()
    #expect(try house.state == before)
  }

  @Test("Several ranges are mapped all or none")
  func allOrNothing() throws {
    let house = House()
    let caller = try house.connect()
    let memory = try TestMemory(pages: 4)
    let ioas = try caller.ioas()
    try caller.attach(try caller.device(), to: ioas)
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x8000)))
    let objects = try caller.objects
    let state = try house.state
    let ranges: [IOASMap.Range] = [
      .init(length: 4096, source: .fd(0), iova: IOVA(0x1000)),
      .init(length: 4096, source: .fd(0, offset: 4096), iova: IOVA(0x2000)),
      .init(length: 4096, source: .new, iova: IOVA(0x3000)),
      .init(length: 4096, source: .fd(0, offset: 8192), iova: IOVA(0x8000)),
    ]
    expect(.eexist, "ranges[3].iova") {
      _ = try caller.call(caller.services.ioas.map, IOASMap(ioas: ioas, ranges: ranges), [memory.passed()])
    }
    #expect(try caller.objects == objects)
    #expect(try house.state == state)

    let result = try caller.call(
      caller.services.ioas.map, IOASMap(ioas: ioas, ranges: Array(ranges[..<3])), [memory.passed()])
    #expect(result.iovas == [IOVA(0x1000), IOVA(0x2000), IOVA(0x3000)])
    #expect(result.memories?[0] == result.memories?[1])
    #expect(result.memories?[0] != result.memories?[2])
    #expect(caller.answered?.count == 1)
    expect(.enoent, "ranges[1].iova") {
      _ = try caller.call(
        caller.services.ioas.unmap,
        IOASUnmap(
          ioas: ioas,
          ranges: [.init(iova: IOVA(0x1000), length: 4096), .init(iova: IOVA(0x10000), length: 4096)]))
    }
    #expect(try caller.call(caller.services.ioas.areas, IOASAreas(ioas: ioas)).items.count == 4)
    #expect(try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas)).unmapped == 4 * 4096)
    #expect(try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas)).unmapped == 0)
    #expect(try caller.unmap(ioas, 0, .max) == 0)
  }

  @Test("A file passed twice is one memory, and the rights are those of the descriptor passed")
  func sameFile() throws {
    let house = House()
    let caller = try house.connect()
    let memory = try TestMemory(pages: 4)
    let ioas = try caller.ioas()
    let first = try caller.map(
      ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x1000)), [memory.passed(readOnly: true)])
    expect(.eperm, "write") {
      try caller.map(
        ioas, .init(length: 4096, source: .fd(0), write: true), [memory.passed(readOnly: true)])
    }
    expect(.eperm, "write") {
      _ = try caller.call(caller.services.memory.open, MemoryOpen(memory: first.memory, write: true))
    }
    let second = try caller.map(
      ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x2000), write: true), [memory.passed()])
    #expect(first.memory == second.memory)
    #expect(try house.state.objects.memory == 1)
    let writes = try caller.call(caller.services.ioas.areas, IOASAreas(ioas: ioas)).items.map(\.write)
    #expect(writes == [false, true])
    // A read-only descriptor of a file that is known with more rights still gives none.
    expect(.eperm, "write") {
      try caller.map(
        ioas, .init(length: 4096, source: .fd(0), write: true), [memory.passed(readOnly: true)])
    }
    let answer = try caller.call(caller.services.memory.open, MemoryOpen(memory: first.memory, write: true))
    #expect(answer.write)
    // `memory` sources have the rights of the descriptors that brought them.
    try caller.map(ioas, .init(length: 4096, source: .memory(first.memory, offset: 4096), write: true))
    #expect(try caller.unmap(ioas, 0, .max) == 3 * 4096)
    #expect(try caller.call(caller.services.memory.list, MemoryList(after: nil)).items.isEmpty)
  }

  @Test("A failed map takes back the rights and descriptors that it brought")
  func upgradeUndone() throws {
    let house = House()
    let caller = try house.connect()
    let memory = try TestMemory(pages: 1)
    let ioas = try caller.ioas()
    let first = try caller.map(
      ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x1000)), [memory.passed(readOnly: true)])
    let state = try house.state
    expect(.eexist, "iova") {
      try caller.map(ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x1000)), [memory.passed()])
    }
    #expect(try house.state == state)
    expect(.eperm, "write") {
      _ = try caller.call(caller.services.memory.open, MemoryOpen(memory: first.memory, write: true))
    }
  }

  @Test("New memory is answered with its descriptor, holds zeroes, and is paid for from its creation")
  func newMemory() throws {
    let house = House { $0[each: .pinnedBytes] = 16 * 4096 }
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let made = try caller.map(ioas, .init(length: 10_000, source: .new))
    #expect(caller.answered?.count == 1)
    var status = stat()
    #expect(unsafe fstat(try #require(caller.answered?.number(0)), &status) == 0)
    #expect(status.st_size == 12_288)
    #expect(try house.state.chargedPages == 3)
    #expect(try house.state.pinnedPages == 0)
    // Its own pages are paid for; a second pages object over it pins anew, and pays.
    let access = try caller.access(ioas, pins: false)
    let read = try caller.call(
      caller.services.access.read, AccessRead(access: access, iova: made.iova, length: 10_000))
    #expect(read.data.bytes == [UInt8](repeating: 0, count: 10_000))
    expect(.enomem, "source") { try caller.map(ioas, .init(length: 14 * 4096, source: .new)) }
    try caller.map(ioas, .init(length: 13 * 4096, source: .new))
    #expect(try house.state.chargedPages == 16)
    _ = try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas))
    #expect(try house.state.chargedPages == 0)
  }

  @Test("The pin limit is exact, and a refused map pins nothing")
  func pinLimit() throws {
    let house = House { $0[each: .pinnedBytes] = 8 * 4096 }
    let caller = try house.connect()
    let memory = try TestMemory(pages: 16)
    let ioas = try caller.ioas()
    try caller.attach(try caller.device(), to: ioas)
    expect(.enomem, "length") {
      try caller.map(ioas, .init(length: 9 * 4096, source: .fd(0)), [memory.passed()])
    }
    #expect(try house.state.chargedPages == 0)
    try caller.map(ioas, .init(length: 8 * 4096, source: .fd(0), iova: IOVA(0x10000)), [memory.passed()])
    #expect(try house.state.chargedPages == 8)
    expect(.enomem, "length") {
      try caller.map(ioas, .init(length: 4096, source: .fd(0)), [memory.passed()])
    }
    try caller.unmap(ioas, 0x10000, 8 * 4096)
    #expect(try house.state.chargedPages == 0)
    try caller.map(ioas, .init(length: 4096, source: .fd(0)), [memory.passed()])
    #expect(try house.state.chargedPages == 1)
  }

  @Test("Counts of areas, objects, descriptors and bytes end exactly at their limits")
  func otherLimits() throws {
    let house = House { limits in
      limits[each: .areas] = 2
      limits[each: .objects] = 3
      limits[each: .heldBytes] = 8 * 4096
    }
    let caller = try house.connect()
    let memory = try TestMemory(pages: 4)
    let ioas = try caller.ioas()
    let mapped = try caller.map(ioas, .init(length: 4096, source: .fd(0)), [memory.passed()])
    expect(.edquot, "source.fd") {
      try caller.map(ioas, .init(length: 4096, source: .fd(0)), [TestMemory(pages: 5).passed()])
    }
    try caller.map(ioas, .init(length: 4096, source: .memory(mapped.memory)))
    expect(.edquot, "ioas") { try caller.map(ioas, .init(length: 4096, source: .memory(mapped.memory))) }
    _ = try caller.ioas()
    expect(.edquot, nil) { _ = try caller.ioas() }
    expect(.edquot, nil) { _ = try caller.device() }
  }
}
