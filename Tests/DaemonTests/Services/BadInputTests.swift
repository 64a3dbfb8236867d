// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// A context with one object of every kind, and what bad requests need.
private struct Scene {
  let house = House()
  let caller: Caller
  let file: TestMemory
  let ioas: UInt32
  let device: UInt32
  let idle: UInt32
  let hwpt: UInt32
  let memory: UInt32
  let access: UInt32
  let reader: UInt32
  let pages: UInt32

  /// The area that everything stands on: three pages, the last of which nobody may write.
  static let area: UInt64 = 0x10_0000

  init() throws {
    caller = try house.connect()
    file = try TestMemory(pages: 4)
    ioas = try caller.ioas()
    device = try caller.device { $0.reserved = [AddressRange(IOVA(0xFEE0_0000), through: IOVA(0xFEEF_FFFF))] }
    idle = try caller.device()
    hwpt = try caller.attach(device, to: ioas)
    memory = try caller.map(
      ioas, .init(length: 2 * 4096, source: .fd(0), iova: IOVA(Self.area)), [file.passed()]
    ).memory
    try caller.map(
      ioas,
      .init(
        length: 4096, source: .memory(memory, offset: 8192), iova: IOVA(Self.area + 0x2000), write: false))
    access = try caller.access(ioas)
    reader = try caller.access(ioas, pins: false)
    _ = try caller.pin(access, Self.area, 4096)
    pages = try #require(
      try caller.call(caller.services.ioas.areas, IOASAreas(ioas: ioas)).items.first?.pages)
  }

  func map(_ range: IOASMap.Range, _ descriptors: [Int32] = []) throws {
    try caller.map(ioas, range, descriptors)
  }

  func mapFile(_ change: (inout IOASMap.Range) -> Void) throws {
    var range = IOASMap.Range(length: 4096, source: .fd(0))
    change(&range)
    try map(range, [file.passed()])
  }
}

/// One request that has to be refused.
private struct Bad: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let errno: Errno
  let field: String?
  let body: @Sendable (Scene) throws -> Void

  init(
    _ description: String, _ errno: Errno, _ field: String?,
    _ body: @escaping @Sendable (Scene) throws -> Void
  ) {
    testDescription = description
    self.errno = errno
    self.field = field
    self.body = body
  }
}

private let mapping: [Bad] = [
  Bad("a length of 0", .einval, "length") { try $0.mapFile { $0.length = 0 } },
  Bad("a length of 2^63", .eoverflow, "length") { try $0.mapFile { $0.length = 1 << 63 } },
  Bad("past the end of the file", .einval, "length") { try $0.mapFile { $0.length = 5 * 4096 } },
  Bad("an offset past the end", .einval, "length") { try $0.mapFile { $0.source.offset = 4 * 4096 } },
  Bad("an offset past 64 bits", .eoverflow, "length") {
    try $0.mapFile {
      $0.source.offset = .max - 4095
      $0.length = 8192
    }
  },
  Bad("a misaligned IOVA", .einval, "iova") { try $0.mapFile { $0.iova = IOVA(0x1001) } },
  Bad("a misaligned length", .einval, "length") { try $0.mapFile { $0.length = 4097 } },
  Bad("a misaligned offset", .einval, "source.offset") { try $0.mapFile { $0.source.offset = 1 } },
  Bad("an IOVA past 64 bits", .eoverflow, "length") {
    try $0.mapFile {
      $0.iova = IOVA(.max - 4095)
      $0.length = 8192
    }
  },
  Bad("an IOVA past the aperture", .einval, "iova") { try $0.mapFile { $0.iova = IOVA(1 << 48) } },
  Bad("a reserved IOVA", .einval, "iova") { try $0.mapFile { $0.iova = IOVA(0xFEE0_0000) } },
  Bad("an occupied IOVA", .eexist, "iova") { try $0.mapFile { $0.iova = IOVA(Scene.area) } },
  Bad("no rights", .einval, "read") {
    try $0.mapFile {
      $0.read = false
      $0.write = false
    }
  },
  Bad("write on a read-only descriptor", .eperm, "write") {
    try $0.map(.init(length: 4096, source: .fd(0), write: true), [$0.file.passed(readOnly: true)])
  },
  Bad("write on a sealed file", .eperm, "write") {
    let sealed = try TestMemory(pages: 1, seals: UInt32(IOMMU_SEAL_WRITE))
    try $0.map(.init(length: 4096, source: .fd(0), write: true), [sealed.passed()])
  },
  Bad("a descriptor that did not come", .einval, "source.fd") {
    try $0.map(.init(length: 4096, source: .fd(0)))
  },
  Bad("a pipe for a memfd", .einval, "source.fd") {
    var ends: [Int32] = [0, 0]
    try #require(unsafe pipe(&ends) == 0)
    close(ends[1])
    try $0.map(.init(length: 4096, source: .fd(0)), [ends[0]])
  },
  Bad("an ordinary file for a memfd", .einval, "source.fd") {
    let file = unsafe open("/etc/passwd", O_RDONLY | O_CLOEXEC)
    try #require(file >= 0)
    try $0.map(.init(length: 4096, source: .fd(0)), [file])
  },
  Bad("a socket for a memfd", .einval, "source.fd") {
    try $0.map(.init(length: 4096, source: .fd(0)), [socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)])
  },
  Bad("more than may be held", .edquot, "source") { try $0.map(.init(length: 1 << 50, source: .new)) },
  Bad("more than may be pinned", .enomem, "source") { try $0.map(.init(length: 2 << 30, source: .new)) },
  Bad("huge pages", .eopnotsupp, "source.hugepages") {
    var source = Source.new
    source.hugePages = .mebibytes2
    try $0.map(.init(length: 4096, source: source))
  },
  Bad("sharing what somebody else brought", .einval, "share") {
    var range = IOASMap.Range(length: 4096, source: .memory($0.memory))
    range.share = .whole
    try $0.map(range)
  },
  Bad("memory that is none", .enoent, "source.memory") {
    try $0.map(.init(length: 4096, source: .memory($0.ioas)))
  },
  Bad("memory 0", .enoent, "source.memory") { try $0.map(.init(length: 4096, source: .memory(0))) },
  Bad("an IOAS that is none", .enoent, "ioas") {
    try $0.caller.map($0.device, .init(length: 4096, source: .new))
  },
  Bad("an empty list", .einval, "ranges") {
    _ = try $0.caller.call($0.caller.services.ioas.map, IOASMap(ioas: $0.ioas, ranges: []))
  },
  Bad("the second range of a list is no good", .einval, "ranges[1].length") {
    let ranges: [IOASMap.Range] = [
      .init(length: 4096, source: .fd(0)), .init(length: 4096, source: .fd(0, offset: 1 << 20)),
    ]
    _ = try $0.caller.call(
      $0.caller.services.ioas.map, IOASMap(ioas: $0.ioas, ranges: ranges), [$0.file.passed()])
  },
  Bad("too many new memories for one answer", .einval, "ranges[16].source") {
    let ranges = [IOASMap.Range](repeating: .init(length: 4096, source: .new), count: 17)
    _ = try $0.caller.call($0.caller.services.ioas.map, IOASMap(ioas: $0.ioas, ranges: ranges))
  },
  Bad("ranges of a list over each other", .eexist, "ranges[0].iova") {
    let ranges: [IOASMap.Range] = [
      .init(length: 8192, source: .fd(0), iova: IOVA(0x1000)),
      .init(length: 4096, source: .fd(0), iova: IOVA(0x2000)),
    ]
    _ = try $0.caller.call(
      $0.caller.services.ioas.map, IOASMap(ioas: $0.ioas, ranges: ranges), [$0.file.passed()])
  },
]

private let unmapping: [Bad] = [
  Bad("a range that cuts an area", .enoent, "iova") {
    try $0.caller.unmap($0.ioas, Scene.area + 0x1000, 8192)
  },
  Bad("a range without an area", .enoent, "iova") { try $0.caller.unmap($0.ioas, 0x1000, 4096) },
  Bad("a length of 0", .einval, "length") { try $0.caller.unmap($0.ioas, 0x1000, 0) },
  Bad("a range past 64 bits", .eoverflow, "length") { try $0.caller.unmap($0.ioas, .max, 2) },
  Bad("a pinned area", .ebusy, "iova") { try $0.caller.unmap($0.ioas, Scene.area, 8192) },
  Bad("everything while something is pinned", .ebusy, "iova") { try $0.caller.unmap($0.ioas, 0, .max) },
  Bad("an IOAS that is none", .enoent, "ioas") { try $0.caller.unmap($0.memory, Scene.area, 8192) },
  Bad("an empty list", .einval, "ranges") {
    _ = try $0.caller.call($0.caller.services.ioas.unmap, IOASUnmap(ioas: $0.ioas, ranges: []))
  },
]

private let unmappingLists: [Bad] = [
  Bad("ranges over each other", .einval, "ranges[1].iova") {
    let ranges = [
      IOASUnmap.Range(iova: IOVA(Scene.area + 0x2000), length: 4096),
      IOASUnmap.Range(iova: IOVA(Scene.area), length: 3 * 4096),
    ]
    _ = try $0.caller.call($0.caller.services.ioas.unmap, IOASUnmap(ioas: $0.ioas, ranges: ranges))
  },
  Bad("a list whose second range cuts an area", .enoent, "ranges[1].iova") {
    let ranges = [
      IOASUnmap.Range(iova: IOVA(Scene.area + 0x2000), length: 4096),
      IOASUnmap.Range(iova: IOVA(Scene.area), length: 4096),
    ]
    _ = try $0.caller.call($0.caller.services.ioas.unmap, IOASUnmap(ioas: $0.ioas, ranges: ranges))
  },
]

private let objects: [Bad] = [
  Bad("an IOAS with an HWPT", .ebusy, "id") { try $0.destroy($0.ioas) },
  Bad("an HWPT with a device", .ebusy, "id") { try $0.destroy($0.hwpt) },
  Bad("a device that is attached", .ebusy, "id") { try $0.destroy($0.device) },
  Bad("memory that is mapped", .ebusy, "id") { try $0.destroy($0.memory) },
  Bad("pages that an area shows", .ebusy, "id") { try $0.destroy($0.pages) },
  Bad("object 0", .enoent, "id") { try $0.destroy(0) },
  Bad("an object that is not there", .enoent, "id") { try $0.destroy(4_000_000_000) },
  Bad("a list of nothing", .einval, "limit") {
    _ = try $0.caller.call($0.caller.services.object.list, ObjectList(kind: nil, limit: 0))
  },
  Bad("tiers of what are no pages", .enoent, "pages") {
    _ = try $0.caller.call($0.caller.services.pages.tiers, PagesTiers(pages: $0.memory))
  },
  Bad("an advisory IOAS", .eopnotsupp, "residency") {
    var call = IOASAlloc()
    call.residency = .advisory
    _ = try $0.caller.call($0.caller.services.ioas.alloc, call)
  },
]

private let devices: [Bad] = [
  Bad("pages over 4 KiB alone", .einval, "page_sizes") {
    _ = try $0.caller.device { $0.pageSizes = [2 << 20] }
  },
  Bad("a page size that is no power of two", .einval, "page_sizes[1]") {
    _ = try $0.caller.device { $0.pageSizes = [4096, 5000] }
  },
  Bad("a page size that vtd does not have", .einval, "page_sizes") {
    _ = try $0.caller.device { $0.pageSizes = [4096, 65_536] }
  },
  Bad("no page size", .einval, "page_sizes") { _ = try $0.caller.device { $0.pageSizes = [] } },
  Bad("an aperture of more than 48 bits", .einval, "aperture") {
    _ = try $0.caller.device { $0.aperture = AddressRange(IOVA(0), through: IOVA(1 << 48)) }
  },
  Bad("an aperture backwards", .einval, "aperture") {
    _ = try $0.caller.device { $0.aperture = AddressRange(IOVA(2), through: IOVA(1)) }
  },
  Bad("a reserved range backwards", .einval, "reserved[0]") {
    _ = try $0.caller.device { $0.reserved = [AddressRange(IOVA(2), through: IOVA(1))] }
  },
  Bad("dirty tracking", .eopnotsupp, "dirty_tracking") {
    _ = try $0.caller.device { $0.dirtyTracking = true }
  },
  Bad("a name with a line break", .einval, "name") { _ = try $0.caller.device { $0.device = "a\nb" } },
  Bad("attaching to a memory", .enoent, "to") { try $0.caller.attach($0.idle, to: $0.memory) },
  Bad("attaching what is no device", .enoent, "device") { try $0.caller.attach($0.ioas, to: $0.ioas) },
  Bad("a device whose reserved range is mapped", .eaddrinuse, "to") { scene in
    // The device stays, but is not attached: the context is as before but for it.
    let device = try scene.caller.device {
      $0.reserved = [AddressRange(IOVA(Scene.area), through: IOVA(Scene.area))]
    }
    defer { try? scene.destroy(device) }
    try scene.caller.attach(device, to: scene.ioas)
  },
  Bad("a device whose aperture ends too early", .eaddrinuse, "to") { scene in
    let device = try scene.caller.device { $0.aperture = AddressRange(IOVA(0), through: IOVA(0xFFFF)) }
    defer { try? scene.destroy(device) }
    try scene.caller.attach(device, to: scene.ioas)
  },
  Bad("a device of another shape to an HWPT", .einval, "page_sizes") { scene in
    let device = try scene.caller.device { $0.pageSizes = [4096] }
    defer { try? scene.destroy(device) }
    try scene.caller.attach(device, to: scene.hwpt)
  },
  Bad("detaching what is not attached", .einval, "device") {
    _ = try $0.caller.call($0.caller.services.device.detach, DeviceDetach(device: $0.idle))
  },
  Bad("DMA of a device that is not attached", .efault, "device") { try $0.dma($0.idle, Scene.area, 4) },
  Bad("DMA where nothing is mapped", .efault, "iova") { try $0.dma($0.device, 0x1000, 4) },
  Bad("DMA of nothing", .einval, "length") { try $0.dma($0.device, Scene.area, 0) },
  Bad("DMA of too much", .einval, "length") { try $0.dma($0.device, Scene.area, 65_537) },
  Bad("DMA past 64 bits", .eoverflow, "length") { try $0.dma($0.device, .max, 2) },
  Bad("DMA that writes where it may not", .efault, "iova") {
    _ = try $0.caller.call(
      $0.caller.services.device.dmaWrite,
      DeviceDMAWrite(device: $0.device, iova: IOVA(Scene.area + 0x2000), data: Bytes([1])))
  },
  Bad("a translation of nothing", .einval, "length") {
    _ = try $0.caller.call(
      $0.caller.services.hwpt.translate, HWPTTranslate(hwpt: $0.hwpt, iova: IOVA(0), length: 0))
  },
  Bad("a translation by what is no HWPT", .enoent, "hwpt") {
    _ = try $0.caller.call(
      $0.caller.services.hwpt.translate, HWPTTranslate(hwpt: $0.ioas, iova: IOVA(0), length: 1))
  },
]

private let accesses: [Bad] = [
  Bad("an access to no IOAS", .enoent, "ioas") { _ = try $0.caller.access($0.device) },
  Bad("a pin where nothing is mapped", .enoent, "iova") { _ = try $0.caller.pin($0.access, 0x1000, 4096) },
  Bad("a pin past the area", .enoent, "iova") { _ = try $0.caller.pin($0.access, Scene.area, 4 * 4096) },
  Bad("a pin inside a page", .einval, "iova") { _ = try $0.caller.pin($0.access, Scene.area + 1, 4096) },
  Bad("a pin of nothing", .einval, "length") { _ = try $0.caller.pin($0.access, Scene.area, 0) },
  Bad("a pin past 64 bits", .eoverflow, "length") { _ = try $0.caller.pin($0.access, .max - 4095, 8192) },
  Bad("a writing pin where it may not", .eperm, "write") {
    _ = try $0.caller.pin($0.access, Scene.area + 0x2000, 4096, write: true)
  },
  Bad("a pin of an access without", .einval, "access") { _ = try $0.caller.pin($0.reader, Scene.area, 4096) },
  Bad("a pin of what is no access", .enoent, "access") { _ = try $0.caller.pin($0.ioas, Scene.area, 4096) },
  Bad("a pin that is none", .enoent, "pin") {
    _ = try $0.caller.call($0.caller.services.access.unpin, AccessUnpin(access: $0.access, pin: 77))
  },
  Bad("a read past the area", .enoent, "iova") { try $0.read(Scene.area, 3 * 4096 + 1) },
  Bad("a read of nothing", .einval, "length") { try $0.read(Scene.area, 0) },
  Bad("a read of too much", .einval, "length") { try $0.read(Scene.area, 65_537) },
  Bad("a write where it may not", .eperm, "write") {
    _ = try $0.caller.call(
      $0.caller.services.access.write,
      AccessWrite(access: $0.reader, iova: IOVA(Scene.area + 0x1FFF), data: Bytes([1, 2])))
  },
  Bad("a write of nothing", .einval, "data") {
    _ = try $0.caller.call(
      $0.caller.services.access.write,
      AccessWrite(access: $0.reader, iova: IOVA(Scene.area), data: Bytes([])))
  },
  Bad("opening what is no memory", .enoent, "memory") {
    _ = try $0.caller.call($0.caller.services.memory.open, MemoryOpen(memory: $0.ioas))
  },
]

extension Scene {
  fileprivate func destroy(_ id: UInt32) throws {
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: id))
  }

  fileprivate func dma(_ device: UInt32, _ iova: UInt64, _ length: UInt64) throws {
    _ = try caller.call(
      caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(iova), length: length))
  }

  fileprivate func read(_ iova: UInt64, _ length: UInt64) throws {
    _ = try caller.call(
      caller.services.access.read, AccessRead(access: reader, iova: IOVA(iova), length: length))
  }
}

@Suite("Bad input")
struct BadInputTests {
  @Test(
    "is refused with its error, and nothing has changed",
    arguments: [mapping, unmapping, unmappingLists, objects, devices, accesses])
  private func refused(table: [Bad]) throws {
    let scene = try Scene()
    let listed = try scene.caller.objects
    let state = try scene.house.state
    for bad in table {
      let comment = Comment(rawValue: bad.testDescription)
      do {
        try bad.body(scene)
        Issue.record("it was not refused: \(bad.testDescription)")
      } catch let failure as Failure {
        #expect(failure.errno == bad.errno, comment)
        #expect(failure.field == bad.field, comment)
        #expect(!failure.message.isEmpty, comment)
      }
      #expect(try scene.caller.objects == listed, comment)
      #expect(try scene.house.state == state, comment)
    }
  }
}
