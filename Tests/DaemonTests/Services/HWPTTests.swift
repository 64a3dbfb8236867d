// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("HWPTs")
struct HWPTTests {
  private func info(_ caller: Caller, _ hwpt: UInt32) throws -> HWPTInfo.Result {
    try caller.call(caller.services.hwpt.info, HWPTInfo(hwpt: hwpt))
  }

  private func detach(_ caller: Caller, _ device: UInt32) throws {
    _ = try caller.call(caller.services.device.detach, DeviceDetach(device: device))
  }

  private func destroy(_ caller: Caller, _ id: UInt32) throws {
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: id))
  }

  private func ranges(_ caller: Caller, _ ioas: UInt32) throws -> IOASIOVARanges.Result {
    try caller.call(caller.services.ioas.ranges, IOASIOVARanges(ioas: ioas))
  }

  @Test("device.info answers all that bind was told, and the defaults")
  func deviceInfo() throws {
    let house = House()
    let caller = try house.connect()
    func info(_ device: UInt32) throws -> DeviceInfo.Result {
      try caller.call(caller.services.device.info, DeviceInfo(device: device))
    }
    let plain = try info(try caller.call(caller.services.device.bind, DeviceBind(name: nil)).device)
    #expect(plain.name.isEmpty && plain.format == .vtd && !plain.dirtyTracking && plain.reserved.isEmpty)
    #expect(plain.pageSizes == [4096, 2 << 20, 1 << 30])
    #expect(plain.aperture == AddressRange(IOVA(0), through: IOVA(1 << 48 - 1)))
    #expect(plain.hwpt == nil && plain.ioas == nil)
    let flat = try info(try caller.device { $0.format = .flat })
    #expect(flat.format == .flat && flat.pageSizes == [4096] && flat.aperture == plain.aperture)
    let reserved = [AddressRange(IOVA(0xFEE0_0000), through: IOVA(0xFEEF_FFFF))]
    let device = try caller.device {
      $0.pageSizes = [2 << 20, 4096]
      $0.aperture = AddressRange(IOVA(0x1000), through: IOVA(1 << 57 - 1))
      $0.reserved = reserved
      $0.dirtyTracking = true
    }
    let ioas = try caller.ioas()
    let hwpt = try caller.attach(device, to: ioas)
    let full = try info(device)
    #expect(full.name == "nic" && full.pageSizes == [4096, 2 << 20] && full.reserved == reserved)
    #expect(full.aperture == AddressRange(IOVA(0x1000), through: IOVA(1 << 57 - 1)))
    #expect(full.dirtyTracking && full.hwpt == hwpt && full.ioas == ioas)
    // A fifth level, for the bits beyond 48.
    #expect(try self.info(caller, hwpt).levels.map(\.level) == [5, 4, 3, 2, 1])
  }

  @Test("hwpt.info counts tables and leaves level by level")
  func levels() throws {
    let house = House(frames: .bus)
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let hwpt = try caller.attach(try caller.device(), to: ioas)
    let empty = try info(caller, hwpt)
    #expect(empty.levels.map(\.tables) == [1, 0, 0, 0] && empty.levels.allSatisfy { $0.leaves == 0 })
    #expect(empty.levels.map(\.entrySize) == [1 << 39, 1 << 30, 1 << 21, 1 << 12])
    #expect(empty.levels.map(\.isLeafLevel) == [false, true, true, true])
    #expect(empty.automatic && empty.devices == 1 && empty.ioas == ioas && empty.tableBytes == 4096)
    // 4 MiB from 2 MiB on, and a page behind them: two large leaves and a small one.
    try caller.map(ioas, .init(length: 4 << 20 + 4096, source: .new, iova: IOVA(2 << 20)))
    let full = try info(caller, hwpt)
    #expect(full.levels.map(\.tables) == [1, 1, 1, 1])
    #expect(full.levels.map(\.leaves) == [0, 0, 2, 1])
    #expect(full.tableBytes == 4 * 4096)
    #expect(try house.state.engineBytes >= 4 * 4096)
    let flat = try caller.attach(
      try caller.device {
        $0.format = .flat
        $0.pageSizes = [2048]
      }, to: ioas)
    let level = try #require(try info(caller, flat).levels.first)
    #expect(level.entrySize == 2048 && level.leaves == (4 << 20 + 4096) / 2048)
  }

  @Test("An HWPT by itself takes its aperture and alignment when it is made, and gives them back")
  func manual() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device { $0.aperture = AddressRange(IOVA(0x10_0000), through: IOVA(0xFFFF_FFFF)) }
    try caller.map(ioas, .init(length: 8192, source: .new, iova: IOVA(0x10_0000)))
    let bytes = try house.state.engineBytes
    let hwpt = try caller.table(device, ioas)
    // Filled with what was there.
    #expect(try house.state.pinnedPages == 2)
    #expect(try caller.translate(hwpt, 0x10_0000, 8192).map(\.length).reduce(0, +) == 8192)
    #expect(
      try ranges(caller, ioas)
        == .init(ranges: [AddressRange(IOVA(0x10_0000), through: IOVA(0xFFFF_FFFF))], alignment: 4096))
    expect(.einval, "iova") { try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0))) }
    expect(.ebusy, "id") { try destroy(caller, ioas) }
    #expect(try !info(caller, hwpt).automatic)
    try destroy(caller, hwpt)
    #expect(try house.state.pinnedPages == 0)
    #expect(try house.state.engineBytes == bytes)
    #expect(try ranges(caller, ioas).alignment == 1)
    try caller.map(ioas, .init(length: 1, source: .new, iova: IOVA(0)))
    expect(.eaddrinuse, "ioas") { _ = try caller.table(device, ioas) }
    _ = try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas))
    try destroy(caller, ioas)
  }

  @Test("A device that is attached to an IOAS never gets an HWPT that was made by itself")
  func neverPicked() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device()
    let own = try caller.table(device, ioas)
    let automatic = try caller.attach(device, to: ioas)
    #expect(automatic != own)
    // From one to the other and back: the automatic one goes, its sister stays.
    #expect(try caller.attach(device, to: own) == own)
    expect(.enoent, "hwpt") { _ = try info(caller, automatic) }
    #expect(try info(caller, own).devices == 1)
    expect(.ebusy, "id") { try destroy(caller, own) }
    #expect(try caller.attach(device, to: ioas) != own)
    #expect(try info(caller, own).devices == 0)
    try destroy(caller, own)
    try detach(caller, device)
    #expect(try house.state.objects.hwpt == 0)
  }

  @Test("Reserved ranges come with the attached device, not with the HWPT, and go at detach")
  func reserved() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device { $0.reserved = [AddressRange(IOVA(0xA_0000), through: IOVA(0xA_FFFF))] }
    let hwpt = try caller.table(device, ioas)
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0xA_0000)))
    expect(.eaddrinuse, "to") { try caller.attach(device, to: hwpt) }
    try caller.unmap(ioas, 0xA_0000, 4096)
    try caller.attach(device, to: hwpt)
    #expect(try ranges(caller, ioas).ranges.count == 2)
    expect(.einval, "iova") { try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0xA_0000))) }
    try detach(caller, device)
    #expect(try ranges(caller, ioas).ranges.count == 1)
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0xA_0000)))
  }

  @Test("What filling an HWPT cannot have is refused, and nothing has changed")
  func refusedFilling() throws {
    let house = House { $0[each: .pinnedBytes] = 1 << 20 }
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device()
    let memory = try TestMemory(pages: 512)
    try caller.map(
      ioas, .init(length: 512 * 4096, source: .fd(0), iova: IOVA(0)), [memory.passed()])
    let state = try house.state
    expect(.enomem, "ioas") { _ = try caller.table(device, ioas) }
    #expect(try house.state == state)
    let holes = try TestMemory(pages: 0, seals: 0)
    try #require(ftruncate(holes.descriptor.rawValue, 4096) == 0)
    _ = try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas))
    try caller.map(ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0)), [holes.passed()])
    expect(.efault, "ioas") { _ = try caller.table(device, ioas) }
    let poor = House { $0[each: .engineBytes] = 0 }
    let other = try poor.connect()
    let (there, thing) = (try other.ioas(), try other.device())
    expect(.enomem, "ioas") { _ = try other.table(thing, there) }
    #expect(try other.objects.map(\.kind) == [.ioas, .device])
  }

  @Test("A context takes its HWPTs with it")
  func teardown() throws {
    let house = House()
    let before = try house.state
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device { $0.dirtyTracking = true }
    let hwpt = try caller.table(device, ioas, tracking: true)
    _ = try caller.table(device, ioas)
    try caller.map(ioas, .init(length: 8192, source: .new, iova: IOVA(0)))
    try caller.attach(device, to: hwpt)
    caller.close()
    try house.runBacklog()
    #expect(try house.state == before)
  }

  @Test("Memory of page tables is charged as it comes, and given back to the byte")
  func tableMemory() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    for (format, wide) in [(TableFormat.vtd, false), (.vtd, true), (.flat, false)] {
      let device = try caller.device {
        $0.format = format
        if wide { $0.aperture = AddressRange(IOVA(0), through: IOVA(1 << 57 - 1)) }
      }
      try caller.attach(device, to: ioas)
    }
    let start = try house.state.engineBytes
    let memory = try caller.map(ioas, .init(length: 1 << 20, source: .new, iova: IOVA(1 << 40))).memory
    var random = SplitMix(seed: 1)
    var areas: [(iova: UInt64, length: UInt64)] = []
    for _ in 0..<200 {
      if areas.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
        let iova = UInt64.random(in: 0..<1 << UInt64.random(in: 20..<36, using: &random), using: &random)
        let length = UInt64.random(in: 1...256, using: &random) << 12
        let range = IOASMap.Range(length: length, source: .memory(memory), iova: IOVA(iova & ~0xfff))
        guard (try? caller.map(ioas, range)) != nil else { continue }
        areas.append((iova & ~0xfff, length))
      } else {
        let area = areas.remove(at: Int.random(in: 0..<areas.count, using: &random))
        try caller.unmap(ioas, area.iova, area.length)
      }
      #expect(try house.state.engineBytes > start)
    }
    _ = try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas))
    #expect(try house.state.engineBytes == start)
  }
}
