// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("The books of pins, against whoever would break them")
struct PinBookTests {
  @Test("Who leaves a context while it is being destroyed gives pins back once")
  func leavingWhileDestroyed() throws {
    let house = House()
    let (first, second) = (try house.connect(), try house.connect())
    _ = try first.open("vm")
    _ = try second.open("vm")
    let ioas = try first.ioas()
    try first.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x10000)))
    let access = try first.access(ioas)
    _ = try second.pin(access, 0x10000, 4096)
    let destroying = try house.services.context.destroy(ContextDestroy("vm"), first.session)
    second.close()
    _ = try destroying.awaited()
    try house.runBacklog()
    let state = try house.state
    #expect(state.pins == 0)
    #expect(state.objects == ServerStats.Objects())
    #expect(state.engineBytes == 0)
  }

  @Test("Nothing is pinned with an access that is being destroyed")
  func pinningWhileDestroyed() throws {
    let house = House()
    let (first, second) = (try house.connect(), try house.connect())
    _ = try first.open("vm")
    _ = try second.open("vm")
    let ioas = try first.ioas()
    try first.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x10000)))
    let access = try first.access(ioas)
    _ = try first.pin(access, 0x10000, 4096)
    let destroying = try house.services.object.destroy(ObjectDestroy(id: access), first.session)
    expect(.ebusy, "access") { _ = try second.pin(access, 0x10000, 4096) }
    _ = try destroying.awaited()
    expect(.enoent, "access") { _ = try second.pin(access, 0x10000, 4096) }
    #expect(try house.state.pins == 0)
    #expect(try first.unmap(ioas, 0x10000, 4096) == 4096)
  }

  @Test("Nobody pins one page without end")
  func endless() throws {
    let house = House { $0[each: .engineBytes] = 1000 }
    let caller = try house.connect()
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x10000)))
    let access = try caller.access(ioas)
    var pins: [UInt32] = []
    expect(.enomem, "access") {
      for _ in 0..<100 { pins.append(try caller.pin(access, 0x10000, 4096).pin) }
    }
    #expect((1..<10).contains(pins.count))
    let pin = try #require(pins.first)
    _ = try caller.call(caller.services.access.unpin, AccessUnpin(access: access, pin: pin))
    _ = try caller.pin(access, 0x10000, 4096)
    #expect(try house.state.pins == UInt64(pins.count))
    caller.close()
    try house.runBacklog()
    #expect(try house.state.engineBytes == 0)
  }

  @Test("A pin whose answer would not fit a line leaves nothing behind")
  func tooManyPieces() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let memory = try caller.map(ioas, .init(length: 8192, source: .new, iova: IOVA(0x1000))).memory
    let access = try caller.access(ioas)
    let pieces = (0..<8193).map { piece in
      IOASMap.Range(
        length: 4096, source: .memory(memory), iova: IOVA(0x100000 + UInt64(piece) * 4096))
    }
    _ = try caller.call(caller.services.ioas.map, IOASMap(ioas: ioas, ranges: pieces))
    let before = try house.state
    expect(.eoverflow, "length") { _ = try caller.pin(access, 0x100000, 8193 * 4096) }
    #expect(try house.state == before)
    #expect(try caller.pin(access, 0x100000, 8192 * 4096).segments.count == 8192)
  }

  @Test("A file that has become shorter is mapped at its present size at most")
  func shorterFile() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let memory = try TestMemory(pages: 4, seals: 0)
    try caller.map(ioas, .init(length: 4 * 4096, source: .fd(0)), [memory.passed()])
    try #require(ftruncate(memory.descriptor.rawValue, 4096) == 0)
    expect(.einval, "length") {
      try caller.map(ioas, .init(length: 8192, source: .fd(0)), [memory.passed()])
    }
    try caller.map(ioas, .init(length: 4096, source: .fd(0)), [memory.passed()])
  }
}
