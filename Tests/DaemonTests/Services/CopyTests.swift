// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Copies")
struct CopyTests {
  @Test("A copy shares pages: its memory, its pins and its price are those of the source")
  func shares() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 8)
    let (source, target) = (try caller.ioas(), try caller.ioas())
    try caller.attach(try caller.device(), to: source)
    let device = try caller.device()
    try caller.attach(device, to: target)
    try caller.map(source, .init(length: 8 * 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    let before = try house.state
    #expect(try caller.copy(source, 0x12000, 8192, to: target, at: 0x50000) == IOVA(0x50000))
    var expected = before
    expected.areas += 1
    // The target's table has its first leaf.
    expected.engineBytes = try house.state.engineBytes
    #expect(try house.state == expected)
    let areas = try caller.areas(target)
    #expect(areas.map(\.offset) == [8192] && areas.map(\.length) == [8192])
    #expect(areas.map(\.pages) == (try caller.areas(source).map(\.pages)))
    let read = try caller.call(
      caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(0x50FFF), length: 2))
    #expect(read.data.bytes == [3, 4])
  }

  @Test(
    "The pages object outlives the area that it was made for, with all of its books, until the last copy goes"
  )
  func originalGoes() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 8)
    let (source, target) = (try caller.ioas(), try caller.ioas())
    let empty = try house.state
    let device = try caller.device()
    try caller.attach(device, to: target)
    let memory = try caller.map(
      source, .init(length: 8 * 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()]
    ).memory
    try caller.copy(source, 0x10000, 8192, to: target, at: 0x50000)
    try caller.copy(target, 0x51000, 4096, to: target, at: 0x60000)
    let pages = try #require(try caller.areas(source).first?.pages)
    try caller.unmap(source, 0x10000, 8 * 4096)
    let state = try house.state
    #expect(state.areas == 2 && state.chargedPages == 2 && state.pinnedPages == 2)
    #expect(state.objects.pages == 1 && state.objects.memory == 1)
    let listed = try caller.call(caller.services.pages.list, PagesList(after: nil)).items
    #expect(listed.map(\.pages) == [pages] && listed.map(\.memory) == [memory])
    #expect(listed.map(\.count) == [8] && listed.map(\.pinnedPages) == [2])
    let tiers = try caller.call(caller.services.pages.tiers, PagesTiers(pages: pages)).items
    #expect(tiers.map(\.count) == [1, 1, 6] && tiers.map(\.domains) == [1, 2, 0])
    let objects = try caller.objects
    #expect(
      objects.first { $0.kind == .pages }?.summary == "of memory \(memory), at 0x50000 of IOAS \(target)")
    expect(.ebusy, "id") { _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: pages)) }
    // Where it is shown is found anew whenever one of the places goes.
    try caller.unmap(target, 0x50000, 8192)
    #expect(try caller.objects.first { $0.kind == .pages }?.summary.contains("at 0x60000") == true)
    #expect(try caller.call(caller.services.pages.tiers, PagesTiers(pages: pages)).info.pinnedPages == 1)
    try caller.unmap(target, 0x60000, 4096)
    _ = try caller.call(caller.services.device.detach, DeviceDetach(device: device))
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: device))
    #expect(try house.state == empty)
  }

  @Test("Copying and unmapping over and over leaves nothing behind")
  func repeated() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 1)
    let (source, target) = (try caller.ioas(), try caller.ioas())
    let empty = try house.state
    try caller.map(source, .init(length: 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    let pages = try #require(try caller.areas(source).first?.pages)
    for round in 0..<100 as Range<UInt64> {
      try caller.copy(source, 0x10000, 4096, to: target, at: 0x1000 * (round + 1))
      if round % 3 > 0 { try caller.unmap(target, 0x1000 * (round + 1), 4096) }
    }
    #expect(try house.state.areas == 35)
    try caller.unmap(source, 0x10000, 4096)
    #expect(try caller.call(caller.services.pages.tiers, PagesTiers(pages: pages)).info.count == 1)
    try caller.unmap(target, 0x1000, 4096)
    #expect(try caller.objects.filter { $0.kind == .pages }.map(\.id) == [pages])
    #expect(try caller.unmap(target, 0, .max) == 33 * 4096)
    #expect(try house.state == empty)
  }

  @Test("Rights are those of the area that is copied, unless others are asked for")
  func rights() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 2)
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    try caller.map(
      ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x11000), write: false), [file.passed()])
    try caller.copy(ioas, 0x10000, 8192, to: ioas, at: 0x20000)
    try caller.copy(ioas, 0x10000, 4096, to: ioas, at: 0x30000) { $0.write = false }
    // What the pages object allows may come back.
    try caller.copy(ioas, 0x30000, 4096, to: ioas, at: 0x40000) { $0.write = true }
    let writes = try caller.areas(ioas).dropFirst(2).map(\.write)
    #expect(writes == [true, false, false, true])
    expect(.eperm, "write") {
      try caller.copy(ioas, 0x10000, 8192, to: ioas, at: 0x50000) { $0.write = true }
    }
  }

  @Test("Each copied area counts against the quota of areas, and is given back")
  func quota() throws {
    let house = House { $0[each: .areas] = 5 }
    let caller = try house.connect()
    let (source, target) = (try caller.ioas(), try caller.ioas())
    try caller.map(source, .init(length: 4096, source: .new, iova: IOVA(0x10000)))
    try caller.map(source, .init(length: 4096, source: .new, iova: IOVA(0x11000)))
    try caller.copy(source, 0x10000, 8192, to: target, at: 0x10000)
    let state = try house.state
    expect(.edquot, "dst_ioas") { try caller.copy(source, 0x10000, 8192, to: target, at: 0x20000) }
    #expect(try house.state == state)
    try caller.copy(source, 0x11000, 4096, to: target, at: 0x20000)
    #expect(try house.state.areas == 5)
    try caller.unmap(source, 0, .max)
    #expect(try house.state.areas == 3)
    try caller.unmap(target, 0, .max)
    #expect(try house.state.areas == 0)
  }
}

extension Caller {
  @discardableResult
  func copy(
    _ source: UInt32, _ iova: UInt64, _ length: UInt64, to target: UInt32, at place: UInt64? = nil,
    _ change: (inout IOASCopy) -> Void = { _ in }
  ) throws -> IOVA {
    var call = IOASCopy(from: source, IOVA(iova), length: length, to: target, at: place.map { IOVA($0) })
    change(&call)
    return try self.call(services.ioas.copy, call).iova
  }

  func areas(_ ioas: UInt32) throws -> [IOASAreas.Item] {
    try call(services.ioas.areas, IOASAreas(ioas: ioas)).items
  }
}
