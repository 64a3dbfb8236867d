// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Devices and accesses")
struct DeviceTests {
  @Test("Devices of one shape share the automatic HWPT of an IOAS, which goes with the last of them")
  func sharing() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let (first, second) = (try caller.device(), try caller.device())
    let other = try caller.device { $0.format = .flat }
    let hwpt = try caller.attach(first, to: ioas)
    #expect(try caller.attach(second, to: ioas) == hwpt)
    #expect(try caller.attach(first, to: ioas) == hwpt)
    let flat = try caller.attach(other, to: ioas)
    #expect(flat != hwpt)
    #expect(try house.state.objects.hwpt == 2)
    try caller.map(ioas, .init(length: 8192, source: .new, iova: IOVA(0x4000)))
    // Both tables translate to the same frames, pinned once.
    let runs = try [hwpt, flat].map {
      try caller.call(
        caller.services.hwpt.translate, HWPTTranslate(hwpt: $0, iova: IOVA(0x4000), length: 8192)
      ).runs
    }
    #expect(runs[0].map(\.frame) == runs[1].map(\.frame))
    #expect(try house.state.pinnedPages == 2)
    try detach(caller, first)
    #expect(try house.state.objects.hwpt == 2)
    try detach(caller, second)
    #expect(try house.state.objects.hwpt == 1)
    #expect(try house.state.pinnedPages == 2)
    expect(.enoent, "hwpt") {
      _ = try caller.call(
        caller.services.hwpt.translate, HWPTTranslate(hwpt: hwpt, iova: IOVA(0x4000), length: 8192))
    }
    try detach(caller, other)
    #expect(try house.state.pinnedPages == 0)
    #expect(try house.state.engineBytes == 0)
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: ioas))
    #expect(try caller.objects.map(\.kind) == [.device, .device, .device])
  }

  @Test("A device changes over from one IOAS to another, or stays when it cannot")
  func replace() throws {
    let house = House()
    let caller = try house.connect()
    let (from, to) = (try caller.ioas(), try caller.ioas())
    let device = try caller.device {
      $0.reserved = [AddressRange(IOVA(0xA_0000), through: IOVA(0xA_FFFF))]
    }
    let first = try caller.attach(device, to: from)
    try caller.map(from, .init(length: 4096, source: .new, iova: IOVA(0x4000)))
    try caller.map(to, .init(length: 4096, source: .new, iova: IOVA(0xA_0000)))
    let state = try house.state
    expect(.eaddrinuse, "to") { try caller.attach(device, to: to) }
    #expect(try house.state == state)
    #expect(try dma(caller, device, 0x4000).count == 4)
    try caller.unmap(to, 0xA_0000, 4096)
    let second = try caller.attach(device, to: to)
    #expect(second != first)
    #expect(try house.state.objects.hwpt == 1)
    expect(.efault, "iova") { _ = try dma(caller, device, 0x4000) }
    #expect(try house.state.pinnedPages == 0)
    // Its reserved range went along.
    try caller.map(from, .init(length: 4096, source: .new, iova: IOVA(0xA_0000)))
    expect(.einval, "iova") {
      try caller.map(to, .init(length: 4096, source: .new, iova: IOVA(0xA_0000)))
    }
    // An HWPT can be named too.
    let third = try caller.device()
    #expect(try caller.attach(third, to: second) == second)
  }

  @Test("A fault says how much was done before it")
  func fault() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device()
    try caller.attach(device, to: ioas)
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x4000)))
    do {
      _ = try caller.call(
        caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(0x4F00), length: 512))
      Issue.record("it did not fault")
    } catch let failure as Failure {
      #expect(failure.errno == .efault)
      #expect(failure.done == 256)
    }
  }

  @Test("A pin answers the memory behind it, which is opened by whoever brought it")
  func pinAndOpen() throws {
    let house = House()
    let caller = try house.connect()
    _ = try caller.open("vm")
    let memory = try TestMemory(pages: 4)
    let ioas = try caller.ioas()
    let mapped = try caller.map(
      ioas, .init(length: 8192, source: .fd(0, offset: 4096), iova: IOVA(0x4000)), [memory.passed()])
    try caller.map(
      ioas, .init(length: 4096, source: .memory(mapped.memory, offset: 3 * 4096), iova: IOVA(0x6000)))
    let access = try caller.access(ioas)
    let pin = try caller.pin(access, 0x4000, 3 * 4096 - 5, write: true)
    #expect(
      pin.segments == [.init(memory: mapped.memory, offset: 4096, length: 3 * 4096 - 5, mappable: true)])
    let opened = try caller.call(caller.services.memory.open, MemoryOpen(memory: mapped.memory))
    // An unsealed file of his own comes back with the right that it had.
    #expect(opened.write)
    #expect(caller.answered?.count == 1)

    // Another user, let in by the administrator's role, gets none: not even a reading one.
    let admin = try house.connect(uid: 0, role: .admin)
    _ = try admin.open("vm", owner: 1000)
    let theirs = try admin.pin(access, 0x4000, 4096)
    #expect(theirs.segments.map(\.mappable) == [false])
    expect(.eperm, "memory") {
      _ = try admin.call(admin.services.memory.open, MemoryOpen(memory: mapped.memory))
    }
    var shared = IOASMap.Range(length: 4096, source: .fd(0), iova: IOVA(0x9000))
    shared.share = .whole
    try caller.map(ioas, shared, [memory.passed()])
    #expect(try admin.call(admin.services.memory.open, MemoryOpen(memory: mapped.memory, write: true)).write)
  }

  @Test("A read-only descriptor is given only where it holds")
  func readOnlyOpen() throws {
    let house = House()
    let caller = try house.connect()
    _ = try caller.open("vm")
    let ioas = try caller.ioas()
    let made = try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x1000)))
    #expect(try !caller.call(caller.services.memory.open, MemoryOpen(memory: made.memory)).write)
    let number = try #require(caller.answered?.number(0))
    #expect(fcntl(number, F_GETFL) & O_ACCMODE == O_RDONLY)
    #expect(try caller.call(caller.services.memory.open, MemoryOpen(memory: made.memory, write: true)).write)

    let admin = try house.connect(uid: 0, role: .admin)
    _ = try admin.open("vm", owner: 1000)
    let unsealed = try TestMemory(pages: 1)
    var shared = IOASMap.Range(length: 4096, source: .fd(0), iova: IOVA(0x2000))
    shared.share = .whole
    let readable = try caller.map(ioas, shared, [unsealed.passed(readOnly: true)]).memory
    expect(.eperm, "memory") {
      _ = try admin.call(admin.services.memory.open, MemoryOpen(memory: readable))
    }
    #expect(try !caller.call(caller.services.memory.open, MemoryOpen(memory: readable)).write)
  }

  @Test("An access that pins raises the alignment, or is refused where areas are not aligned")
  func alignment() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 100, source: .new, iova: IOVA(0x1001)))
    expect(.eaddrinuse, "pins") { _ = try caller.access(ioas) }
    let reader = try caller.access(ioas, pins: false)
    _ = try caller.call(
      caller.services.access.write, AccessWrite(access: reader, iova: IOVA(0x1003), data: Bytes([1, 2])))
    let read = try caller.call(
      caller.services.access.read, AccessRead(access: reader, iova: IOVA(0x1002), length: 4))
    #expect(read.data.bytes == [0, 1, 2, 0])
    expect(.ebusy, "id") { _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: ioas)) }
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: reader))
    _ = try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas))
    let access = try caller.access(ioas)
    let ranges = try caller.call(caller.services.ioas.ranges, IOASIOVARanges(ioas: ioas))
    #expect(ranges.alignment == 4096)
    // A destroyed access takes its pins with it.
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x1000)))
    _ = try caller.pin(access, 0x1000, 4096)
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: access))
    #expect(try house.state.pins == 0)
    #expect(try house.state.pinnedPages == 0)
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: ioas))
    #expect(try caller.objects.isEmpty)
  }

  @Test("Tiers show who holds which pages")
  func tiers() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 8 * 4096, source: .new, iova: IOVA(0x10000)))
    let access = try caller.access(ioas)
    let pin = try caller.pin(access, 0x12000, 8192)
    let id = try #require(
      try caller.call(caller.services.pages.list, PagesList(after: nil)).items.first?.pages)
    func tiers(limit: UInt32? = nil, after: UInt64? = nil) throws -> PagesTiers.Result {
      try caller.call(caller.services.pages.tiers, PagesTiers(pages: id, limit: limit, after: after))
    }
    #expect(try tiers().items.map(\.tier) == [.origin, .store, .origin])
    #expect(try tiers().items.map(\.page) == [0, 2, 4])
    #expect(try tiers().items.map(\.accesses) == [0, 1, 0])
    let part = try tiers(limit: 1)
    #expect(part.next == 0)
    #expect(try tiers(after: part.next).items.map(\.page) == [2, 4])
    try caller.attach(try caller.device(), to: ioas)
    #expect(try tiers().items.map(\.tier) == [.domain, .store, .domain])
    _ = try caller.call(caller.services.access.unpin, AccessUnpin(access: access, pin: pin.pin))
    #expect(try tiers().items.map(\.tier) == [.domain])
    #expect(try tiers().info.pinnedPages == 8)
  }

  private func detach(_ caller: Caller, _ device: UInt32) throws {
    _ = try caller.call(caller.services.device.detach, DeviceDetach(device: device))
  }

  private func dma(_ caller: Caller, _ device: UInt32, _ iova: UInt64) throws -> [UInt8] {
    try caller.call(
      caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(iova), length: 4)
    ).data.bytes
  }
}
