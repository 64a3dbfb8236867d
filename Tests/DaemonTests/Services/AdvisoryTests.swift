// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Advisory address spaces")
struct AdvisoryTests {
  @Test("Nothing that one maps is pinned or charged, and everything else is alike")
  func alike() throws {
    let house = House { $0[each: .pinnedBytes] = 4096 }
    let caller = try house.connect()
    let file = try TestMemory(pages: 8)
    let ioas = try caller.ioas(.advisory)
    let device = try caller.device()
    let hwpt = try caller.attach(device, to: ioas)
    try caller.map(ioas, .init(length: 8 * 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    let access = try caller.access(ioas)
    let pin = try caller.pin(access, 0x11000, 8192)
    #expect(pin.segments.map(\.offset) == [4096] && pin.segments.map(\.length) == [8192])
    let state = try house.state
    #expect(state.pinnedPages == 0 && state.chargedPages == 0 && state.pins == 1)
    let pages = try #require(try caller.call(caller.services.pages.list, PagesList(after: nil)).items.first)
    #expect(pages.residency == .advisory && pages.pinnedPages == 0)
    let tiers = try caller.call(caller.services.pages.tiers, PagesTiers(pages: pages.pages)).items
    #expect(tiers.map(\.tier) == [.domain, .store, .domain])
    #expect(tiers.allSatisfy { !$0.pinned })
    let read = DeviceDMARead(device: device, iova: IOVA(0x12FFF), length: 2)
    #expect(try caller.call(caller.services.device.dmaRead, read).data.bytes == [3, 4])
    let write = DeviceDMAWrite(device: device, iova: IOVA(0x12FFF), data: Bytes([7, 8]))
    _ = try caller.call(caller.services.device.dmaWrite, write)
    #expect(try file.bytes(at: 0x2FFF, 2) == [7, 8])
    let translate = HWPTTranslate(hwpt: hwpt, iova: IOVA(0x10000), length: 8 * 4096)
    let runs = try caller.call(caller.services.hwpt.translate, translate).runs
    #expect(runs.reduce(0) { $0 + $1.length } == 8 * 4096)
    expect(.ebusy, "iova") { try caller.unmap(ioas, 0x10000, 8 * 4096) }
    #expect(try caller.objects.first { $0.id == ioas }?.summary.hasPrefix("advisory, ") == true)
    // The memory is as firmly held as anywhere, once somebody who pins holds it.
    #expect(
      try caller.call(caller.services.memory.list, MemoryList(after: nil)).items[0].residency != .advisory)
  }

  @Test("The same memory may be mapped in an advisory IOAS and a pinned one, with the same frames")
  func shared() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 4)
    let (advisory, pinned) = (try caller.ioas(.advisory), try caller.ioas())
    let tables = [advisory, pinned].map { ioas in try? caller.attach(caller.device(), to: ioas) }
    let range = IOASMap.Range(length: 4 * 4096, source: .fd(0), iova: IOVA(0x10000))
    let first = try caller.map(advisory, range, [file.passed()]).memory
    #expect(try house.state.chargedPages == 0)
    #expect(try caller.map(pinned, range, [file.passed()]).memory == first)
    #expect(try house.state.chargedPages == 4 && house.state.pinnedPages == 4)
    let frames = try tables.map { table in
      let call = HWPTTranslate(hwpt: try #require(table), iova: IOVA(0x10000), length: 4 * 4096)
      return try caller.call(caller.services.hwpt.translate, call).runs.map(\.frame)
    }
    #expect(frames[0] == frames[1])
    try caller.unmap(pinned, 0x10000, 4 * 4096)
    #expect(try house.state.chargedPages == 0 && house.state.pinnedPages == 0)
    #expect(try house.state.objects.memory == 1)
  }

  @Test("A copy takes the residency of its pages along, in both directions")
  func copied() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 2)
    let (advisory, pinned) = (try caller.ioas(.advisory), try caller.ioas())
    for ioas in [advisory, pinned] { try caller.attach(try caller.device(), to: ioas) }
    try caller.map(advisory, .init(length: 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    try caller.copy(advisory, 0x10000, 4096, to: pinned, at: 0x10000)
    #expect(try house.state.chargedPages == 0)
    try caller.map(pinned, .init(length: 4096, source: .fd(0), iova: IOVA(0x20000)), [file.passed()])
    try caller.copy(pinned, 0x20000, 4096, to: advisory, at: 0x20000)
    try caller.unmap(pinned, 0x20000, 4096)
    #expect(try house.state.chargedPages == 1 && house.state.pinnedPages == 1)
    let residency = try caller.call(caller.services.pages.list, PagesList(after: nil)).items.map(\.residency)
    #expect(residency[0] == .advisory && residency[1] != .advisory)
  }

  @Test("A file with holes is mapped: copies say where there is nothing to write to")
  func holes() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 1, seals: 0)
    try #require(ftruncate(file.descriptor.rawValue, 4 * 4096) == 0)
    let (advisory, pinned) = (try caller.ioas(.advisory), try caller.ioas())
    for ioas in [advisory, pinned] { try caller.attach(try caller.device(), to: ioas) }
    let range = IOASMap.Range(length: 4 * 4096, source: .fd(0), iova: IOVA(0x10000))
    expect(.efault, "source") { try caller.map(pinned, range, [file.passed()]) }
    try caller.map(advisory, range, [file.passed()])
    let access = try caller.access(advisory)
    let read = AccessRead(access: access, iova: IOVA(0x10FFE), length: 4)
    #expect(try caller.call(caller.services.access.read, read).data.bytes == [1, 1, 0, 0])
    expect(.efault, "iova") {
      let write = AccessWrite(access: access, iova: IOVA(0x11000), data: Bytes([1]))
      _ = try caller.call(caller.services.access.write, write)
    }
  }
}
