// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuDaemon
import IommuWire
import Testing

@Suite("Memory that is made, and of what pages", .serialized)
struct HugePageTests {
  private static let huge: UInt64 = 2 << 20

  private struct Stage {
    let house: House
    let caller: Caller
    let ioas: UInt32
    let device: UInt32
    let hwpt: UInt32

    init(_ change: (inout QuotaLimits) -> Void = { _ in }) throws {
      house = House(frames: .bus, change)
      caller = try house.connect()
      ioas = try caller.ioas()
      device = try caller.device()
      hwpt = try caller.attach(device, to: ioas)
    }

    func map(_ length: UInt64, _ source: Source, _ descriptors: [Int32] = []) throws -> (IOVA, UInt32) {
      let mapped = try caller.map(ioas, .init(length: length, source: source), descriptors)
      return (mapped.iova, mapped.memory)
    }

    func memory(_ id: UInt32) throws -> MemoryList.Item {
      let items = try caller.call(caller.services.memory.list, MemoryList(after: nil)).items
      return try #require(items.first { $0.memory == id })
    }
  }

  @Test("Memory is populated by a worker, when it is pinned; once it is there, the loop pins it")
  func populated() throws {
    let stage = try Stage()
    let services = stage.caller.services
    func isJob(_ source: Source) throws -> Bool {
      stage.caller.session.beginRequest(nil)
      defer { stage.caller.session.endRequest() }
      let outcome = try services.ioas.map(
        IOASMap(ioas: stage.ioas, .init(length: 4096, source: source)), stage.caller.session)
      defer { _ = try? outcome.awaited() }
      if case .job = outcome { return true } else { return false }
    }
    #expect(try isJob(.new))
    let memory = try #require(
      try stage.caller.call(services.memory.list, MemoryList(after: nil)).items.first?.memory)
    #expect(try !isJob(.memory(memory)))
    // A client's pages are there, or the pin is refused: the loop does that.
    let file = try TestMemory(pages: 1)
    stage.caller.session.beginRequest(DescriptorBatch(owning: [try file.passed()]))
    let outcome = try services.ioas.map(
      IOASMap(ioas: stage.ioas, .init(length: 4096, source: .fd(0))), stage.caller.session)
    guard case .done = outcome else {
      Issue.record("a page that was there went to a worker")
      return
    }
  }

  @Test(
    "Transparent huge pages are a wish: the memory is as long as was asked for, whatever the kernel gives")
  func transparent() throws {
    let stage = try Stage()
    let (iova, memory) = try stage.map(4 << 20, .new(.transparent))
    #expect(try stage.memory(memory).size == 4 << 20)
    #expect(try stage.memory(memory).pinnedPages == 1024)
    let write = DeviceDMAWrite(device: stage.device, iova: iova, data: Bytes([1, 2, 3]))
    _ = try stage.caller.call(stage.caller.services.device.dmaWrite, write)
    #expect(try stage.map(4 << 20, .new(.transparent)).1 != memory)
  }

  @Test("Memory of huge pages has them from its creation, is paid for whole, and gives them back")
  func reserved() throws {
    guard let pages = HugePages(8) else { return }
    defer { withExtendedLifetime(pages) {} }
    let (free, promised) = (HugePages.free, HugePages.promised)
    let stage = try Stage()
    let before = try stage.house.state
    let (iova, memory) = try stage.map(3 * Self.huge, .new(.mebibytes2))
    #expect(try stage.memory(memory).size == 3 * Self.huge)
    #expect(try stage.memory(memory).kind == .new)
    #expect(try stage.memory(memory).pinnedPages == 3 * 512)
    #expect(HugePages.free == free - 3)
    let runs = try stage.caller.translate(stage.hwpt, iova.rawValue, 3 * Self.huge)
    #expect(runs.map(\.pageSize) == [Self.huge])
    #expect(runs.map(\.length) == [3 * Self.huge])
    let write = DeviceDMAWrite(
      device: stage.device, iova: IOVA(iova.rawValue + Self.huge - 1), data: Bytes([1, 2]))
    _ = try stage.caller.call(stage.caller.services.device.dmaWrite, write)
    let read = DeviceDMARead(
      device: stage.device, iova: IOVA(iova.rawValue + Self.huge - 2), length: 4)
    #expect(try stage.caller.call(stage.caller.services.device.dmaRead, read).data.bytes == [0, 1, 2, 0])
    // A part of one page costs the page.
    let (_, small) = try stage.map(4096, .new(.mebibytes2))
    #expect(try stage.memory(small).size == Self.huge)
    #expect(try stage.house.state.chargedPages == 4 * 512)
    _ = try stage.caller.call(stage.caller.services.ioas.unmap, IOASUnmap(allOf: stage.ioas))
    stage.caller.forgetAnswer()
    try stage.house.runBacklog()
    #expect(try stage.house.state == before)
    #expect(HugePages.free == free)
    #expect(HugePages.promised == promised)
  }

  @Test("Huge pages that nobody touched yet are promised, and more than there are is ENOMEM")
  func promised() throws {
    guard let pages = HugePages(4) else { return }
    defer { withExtendedLifetime(pages) {} }
    let stage = try Stage { limits in
      for quota in [Quota.heldBytes, .pinnedBytes] {
        limits[each: quota] = 1 << 50
        limits[whole: quota] = 1 << 52
      }
    }
    // No device, so nothing is pinned.
    let idle = try stage.caller.ioas()
    let free = UInt64(HugePages.free - HugePages.promised)
    let state = try stage.house.state
    expect(.enomem, "source.hugepages") {
      try stage.caller.map(idle, .init(length: (free + 1) * Self.huge, source: .new(.mebibytes2)))
    }
    #expect(try stage.house.state == state)
    try stage.caller.map(idle, .init(length: free * Self.huge, source: .new(.mebibytes2)))
    #expect(try stage.house.state.pinnedPages == 0)
    expect(.enomem, "source.hugepages") {
      try stage.caller.map(idle, .init(length: Self.huge, source: .new(.mebibytes2)))
    }
    // Pinning it later cannot fail for want of pages.
    try stage.caller.attach(stage.device, to: idle)
    #expect(try stage.house.state.pinnedPages == free * 512)
  }

  @Test("A hugetlb file of a client is pinned when all of it is there, and its holes stay holes")
  func file() throws {
    guard let pages = HugePages(4) else { return }
    defer { withExtendedLifetime(pages) {} }
    let stage = try Stage()
    let number = unsafe iommu_memfd_create("test", UInt32(IOMMU_HUGE_2M))
    try #require(number >= 0)
    let file = OwnedDescriptor(owning: number)
    try #require(ftruncate(number, 2 * Int(Self.huge)) == 0)
    let free = HugePages.free
    let state = try stage.house.state
    expect(.efault, "source") { _ = try stage.map(2 * Self.huge, .fd(0), [file.duplicate().release()]) }
    #expect(try stage.house.state == state)
    #expect(HugePages.free == free)
    // Without a device it is mapped, and read as zeroes.
    let idle = try stage.caller.ioas()
    let mapped = try stage.caller.map(
      idle, .init(length: 2 * Self.huge, source: .fd(0)), [file.duplicate().release()])
    let access = try stage.caller.access(idle)
    let read = AccessRead(access: access, iova: IOVA(mapped.iova.rawValue + Self.huge - 1), length: 2)
    #expect(try stage.caller.call(stage.caller.services.access.read, read).data.bytes == [0, 0])
    let write = AccessWrite(access: access, iova: mapped.iova, data: Bytes([1]))
    expect(.efault, "iova") { _ = try stage.caller.call(stage.caller.services.access.write, write) }
    expect(.efault, "iova") { _ = try stage.caller.pin(access, mapped.iova.rawValue, 4096) }
    #expect(HugePages.free == free)
    try #require(iommu_allocate(number, 0, 2 * Self.huge) == 0)
    _ = try stage.caller.pin(access, mapped.iova.rawValue + 4096, Self.huge)
    _ = try stage.caller.call(stage.caller.services.access.write, write)
    let (iova, _) = try stage.map(2 * Self.huge, .fd(0), [file.duplicate().release()])
    let runs = try stage.caller.translate(stage.hwpt, iova.rawValue, 2 * Self.huge)
    #expect(runs.map(\.pageSize) == [Self.huge])
  }

  @Test("Huge pages that the machine does not have are said to be so")
  func missing() throws {
    let stage = try Stage { limits in
      for quota in [Quota.heldBytes, .pinnedBytes] {
        limits[each: quota] = 1 << 60
        limits[whole: quota] = 1 << 62
      }
    }
    let state = try stage.house.state
    do {
      _ = try stage.map(1 << 42, .new(.gibibyte1))
      Issue.record("4 TiB of huge pages")
    } catch let failure as Failure {
      #expect(failure.errno == .enomem || failure.errno == .eopnotsupp, "\(failure)")
      #expect(failure.field == "source.hugepages")
      #expect(failure.message.contains("1G"))
    }
    #expect(try stage.house.state == state)
  }
}
