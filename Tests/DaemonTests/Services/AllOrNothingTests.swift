// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("All or nothing")
struct AllOrNothingTests {
  /// Why one range of a list cannot be mapped.
  enum Fault: String, CaseIterable, Sendable {
    case empty, overlong, misaligned, occupied, reserved, beyondAperture, eachOther, noRights, readOnly
    case pastEnd, noDescriptor, noMemfd, noMemory, noRoom, hole, pins, areas, objects, descriptors, held,
      pinnedNew

    var errno: Errno {
      switch self {
      case .empty, .misaligned, .reserved, .beyondAperture, .noRights, .pastEnd, .noDescriptor, .noMemfd:
        .einval
      case .overlong: .eoverflow
      case .occupied, .eachOther: .eexist
      case .readOnly: .eperm
      case .noMemory: .enoent
      case .noRoom: .enospc
      case .hole: .efault
      case .pins, .pinnedNew: .enomem
      case .areas, .objects, .descriptors, .held: .edquot
      }
    }
  }

  private func house(for fault: Fault) -> House {
    House { limits in
      switch fault {
      case .pins: limits[each: .pinnedBytes] = 6 * 4096
      case .pinnedNew: limits[each: .pinnedBytes] = 9 * 4096
      case .areas: limits[each: .areas] = 5
      // Two IOASes, a device, an HWPT and the memory of the first area; the list brings three more.
      case .objects: limits[each: .objects] = 6
      case .descriptors: limits[each: .descriptors] = 7
      case .held: limits[each: .heldBytes] = (64 + 8) * 4096
      default: break
      }
    }
  }

  @Test(
    "A list of which any range cannot be mapped maps nothing, wherever that stands",
    arguments: Fault.allCases, [0, 2, 4])
  func map(fault: Fault, position: Int) throws {
    let house = house(for: fault)
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device {
      $0.reserved = [AddressRange(IOVA(0xFEE0_0000), through: IOVA(0xFEEF_FFFF))]
    }
    try caller.attach(device, to: ioas)
    let (known, file, other) = (
      try TestMemory(pages: 64), try TestMemory(pages: 8), try TestMemory(pages: 8, seals: 0)
    )
    try caller.map(ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x10000)), [known.passed()])
    if fault == .noRoom { try caller.allow(ioas, [(0x8000_0000, 0x8000_4FFF)]) }
    var ranges = (0..<5 as Range<UInt64>).map { number in
      IOASMap.Range(
        length: 4096, source: number == 3 ? .new : .fd(0, offset: number * 4096),
        iova: IOVA(0x20000 + number * 4096))
    }
    var descriptors = [try file.passed(), try file.passed(readOnly: true), try other.passed()]
    try spoil(&ranges[position], fault, ranges, position, other, &descriptors)
    let (objects, state) = (try caller.objects, try house.state)
    do {
      let call = IOASMap(ioas: ioas, ranges: ranges)
      _ = try caller.call(caller.services.ioas.map, call, descriptors)
      Issue.record("\(fault) at \(position) was mapped")
    } catch let failure as Failure {
      #expect(failure.errno == fault.errno, "\(fault) at \(position): \(failure)")
    }
    try house.runBacklog()
    #expect(try caller.objects == objects)
    #expect(try house.state == state)
    house.checkInvariants()
    // What was there translates as before.
    let read = DeviceDMARead(device: device, iova: IOVA(0x10000), length: 4)
    #expect(try caller.call(caller.services.device.dmaRead, read).data.bytes == [1, 1, 1, 1])
  }

  private func spoil(
    _ range: inout IOASMap.Range, _ fault: Fault, _ all: [IOASMap.Range], _ position: Int,
    _ other: TestMemory, _ descriptors: inout [Int32]
  ) throws {
    switch fault {
    case .empty: range.length = 0
    case .overlong: range.length = 1 << 63
    case .misaligned: range.iova = IOVA(0x20001)
    case .occupied: range.iova = IOVA(0x10000)
    case .reserved: range.iova = IOVA(0xFEE0_0000)
    case .beyondAperture: range.iova = IOVA(1 << 48)
    case .eachOther: range.iova = all[(position + 1) % 5].iova
    case .noRights: (range.read, range.write) = (false, false)
    case .readOnly: (range.source, range.write) = (.fd(1), true)
    case .pastEnd: range.source = .fd(0, offset: 8 * 4096)
    case .noDescriptor: range.source = .fd(9)
    case .noMemfd:
      close(descriptors[2])
      descriptors[2] = unsafe open("/etc/passwd", O_RDONLY | O_CLOEXEC)
      range.source = .fd(2)
    case .noMemory: range.source = .memory(99)
    case .noRoom: range = .init(length: 8 * 4096, source: .new)
    case .hole:
      try #require(iommu_punch_hole(other.descriptor.rawValue, 4096, 4096) == 0)
      range.source = .fd(2, offset: 4096)
    case .pins: range = .init(length: 3 * 4096, source: .fd(0), iova: IOVA(0x40000))
    case .pinnedNew: range = .init(length: 6 * 4096, source: .new, iova: IOVA(0x40000))
    // Any list is too long for these.
    case .areas, .objects, .descriptors, .held: range = .init(length: 4096, source: .new, iova: range.iova)
    }
    if fault == .held { range.length = 4096 }
  }

  @Test("Everything goes at once, or nothing does; and nothing may be everything")
  func unmapAll() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    try caller.attach(try caller.device(), to: ioas)
    let empty = try house.state
    func all() throws -> UInt64 {
      try caller.call(caller.services.ioas.unmap, IOASUnmap(allOf: ioas)).unmapped
    }
    #expect(try all() == 0 && caller.unmap(ioas, 0, .max) == 0)
    let file = try TestMemory(pages: 8)
    for number in 0..<200 as Range<UInt64> {
      try caller.map(
        ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x1000 * (2 * number + 1))), [file.passed()])
    }
    // At the ends of what the device can address, too.
    for iova in [0, (1 << 48) - 4096] as [UInt64] {
      try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(iova)))
    }
    let access = try caller.access(ioas)
    let pin = try caller.pin(access, 0x1000, 4096).pin
    let full = try house.state
    expect(.ebusy, "iova") { _ = try all() }
    #expect(try house.state == full)
    _ = try caller.call(caller.services.access.unpin, AccessUnpin(access: access, pin: pin))
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: access))
    #expect(try all() == 202 * 4096)
    #expect(try house.state == empty)
    // Exactly this range is everything; another that long is a range like any.
    expect(.enoent, "iova") { try caller.unmap(ioas, 0, .max - 1) }
    expect(.eoverflow, "length") { try caller.unmap(ioas, 2, .max) }
  }
}
