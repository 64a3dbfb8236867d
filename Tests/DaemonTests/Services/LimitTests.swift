// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Usable IOVAs")
struct LimitTests {
  @Test(
    "iova_ranges is everything without what is reserved, clipped by what devices address, and the alignment")
  func ranges() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    #expect(try caller.ranges(ioas) == [0...UInt64.max] && caller.alignment(ioas) == 1)
    let access = try caller.access(ioas)
    #expect(try caller.alignment(ioas) == 4096)
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: access))
    #expect(try caller.alignment(ioas) == 1)
    let device = try caller.device {
      $0.reserved = [AddressRange(IOVA(0xFEE0_0000), through: IOVA(0xFEEF_FFFF))]
    }
    try caller.attach(device, to: ioas)
    #expect(try caller.ranges(ioas) == [0...0xFEDF_FFFF, 0xFEF0_0000...0xFFFF_FFFF_FFFF])
    #expect(try caller.alignment(ioas) == 4096)
    try caller.reserve(ioas, [(0x1000, 0x1FFF)])
    // Over another reservation, and next to one.
    try caller.reserve(ioas, [(0xFEEF_F000, 0xFEF0_0FFF), (0x2000, 0x2FFF)])
    let left: [ClosedRange<UInt64>] = [0...0xFFF, 0x3000...0xFEDF_FFFF, 0xFEF0_1000...0xFFFF_FFFF_FFFF]
    #expect(try caller.ranges(ioas) == left)
    _ = try caller.call(caller.services.device.detach, DeviceDetach(device: device))
    #expect(try caller.ranges(ioas) == [0...0xFFF, 0x3000...0xFEEF_EFFF, 0xFEF0_1000...UInt64.max])
  }

  @Test("Reserved IOVAs are not mapped, and are usable again when all who reserved them have given them back")
  func reserved() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    try caller.reserve(ioas, [(0x10000, 0x1FFFF)])
    try caller.reserve(ioas, [(0x10000, 0x1FFFF), (0x18000, 0x27FFF)])
    expect(.einval, "iova") { try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x18000))) }
    // A part of one, or two at once that are one, is none.
    expect(.enoent, "first") { try caller.reserve(ioas, [(0x10000, 0x10FFF)], release: true) }
    expect(.enoent, "ranges[2].first") {
      try caller.reserve(ioas, [(0x10000, 0x1FFFF), (0x10000, 0x1FFFF), (0x10000, 0x1FFFF)], release: true)
    }
    try caller.reserve(ioas, [(0x10000, 0x1FFFF)], release: true)
    #expect(try caller.ranges(ioas) == [0...0xFFFF, 0x28000...UInt64.max])
    try caller.reserve(ioas, [(0x10000, 0x1FFFF)], release: true)
    #expect(try caller.ranges(ioas) == [0...0x17FFF, 0x28000...UInt64.max])
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x17000)))
    try caller.reserve(ioas, [(0x18000, 0x27FFF)], release: true)
    #expect(try caller.ranges(ioas) == [0...UInt64.max])
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x18000)))
  }

  @Test("Chosen IOVAs lie in allowed ranges, which nothing takes away; given ones may lie anywhere")
  func allowed() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    try caller.allow(ioas, [(0x40000, 0x40FFF), (0x20000, 0x21FFF)])
    func place() throws -> IOVA { try caller.map(ioas, .init(length: 4096, source: .new)).iova }
    #expect(try [place(), place(), place()] == [IOVA(0x20000), IOVA(0x21000), IOVA(0x40000)])
    expect(.enospc, "length") { _ = try place() }
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x90000)))
    let greedy = try caller.device { $0.reserved = [AddressRange(IOVA(0x21FFF), through: IOVA(0x3FFFF))] }
    let narrow = try caller.device { $0.aperture = AddressRange(IOVA(0x30000), through: IOVA(0xFFFFF)) }
    let state = try house.state
    _ = try caller.unmap(ioas, 0x20000, 8192)
    expect(.eaddrinuse, "to") { try caller.attach(greedy, to: ioas) }
    expect(.eaddrinuse, "to") { try caller.attach(narrow, to: ioas) }
    expect(.eaddrinuse, "first") { try caller.reserve(ioas, [(0x21FFF, 0x3FFFF)]) }
    // They are replaced as a whole: two lists never add up.
    try caller.allow(ioas, [(0x60000, 0x60FFF)])
    try caller.attach(greedy, to: ioas)
    #expect(try place() == IOVA(0x60000))
    try caller.allow(ioas, [])
    #expect(try place() == IOVA(0x1000))
    #expect(try house.state.areas == state.areas)
  }
}

extension Caller {
  func allow(_ ioas: UInt32, _ ranges: [(first: UInt64, last: UInt64)]) throws {
    let ranges = ranges.map { AddressRange(IOVA($0.first), through: IOVA($0.last)) }
    _ = try call(services.ioas.allow, IOASAllowIOVAs(ioas: ioas, ranges))
  }

  func reserve(
    _ ioas: UInt32, _ ranges: [(first: UInt64, last: UInt64)], release: Bool = false
  ) throws {
    let ranges = ranges.map { AddressRange(IOVA($0.first), through: IOVA($0.last)) }
    let reserve =
      ranges.count == 1
      ? IOASReserve(ioas: ioas, ranges[0], release: release)
      : IOASReserve(ioas: ioas, ranges: ranges, release: release)
    _ = try call(services.ioas.reserve, reserve)
  }

  func ranges(_ ioas: UInt32) throws -> [ClosedRange<UInt64>] {
    try call(services.ioas.ranges, IOASIOVARanges(ioas: ioas)).ranges.map {
      $0.first.rawValue...$0.last.rawValue
    }
  }

  func alignment(_ ioas: UInt32) throws -> UInt64 {
    try call(services.ioas.ranges, IOASIOVARanges(ioas: ioas)).alignment
  }
}
