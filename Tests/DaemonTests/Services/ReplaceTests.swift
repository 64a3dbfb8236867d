// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Accesses that change over")
struct ReplaceTests {
  @Test("An access changes over with its demands: the alignment rises there and falls here")
  func replaced() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 4)
    let (old, new) = (try caller.ioas(), try caller.ioas())
    try caller.map(old, .init(length: 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    try caller.map(
      new, .init(length: 4096, source: .fd(0, offset: 4096), iova: IOVA(0x10000)), [file.passed()])
    let access = try caller.access(old)
    func byte() throws -> [UInt8] {
      let read = AccessRead(access: access, iova: IOVA(0x10000), length: 1)
      return try caller.call(caller.services.access.read, read).data.bytes
    }
    #expect(try byte() == [1])
    #expect(try caller.alignment(old) == 4096 && caller.alignment(new) == 1)
    try caller.replace(access, new)
    #expect(try byte() == [2])
    #expect(try caller.alignment(old) == 1 && caller.alignment(new) == 4096)
    #expect(try caller.pin(access, 0x10000, 4096).segments.map(\.offset) == [4096])
    // The old one may go, the new one may not.
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: old))
    expect(.ebusy, "id") { _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: new)) }
  }

  @Test("It stays where it is while it holds pins, and where it would break an alignment")
  func refused() throws {
    let house = House()
    let caller = try house.connect()
    let (old, new) = (try caller.ioas(), try caller.ioas())
    try caller.map(old, .init(length: 4096, source: .new, iova: IOVA(0x10000)))
    try caller.map(new, .init(length: 100, source: .new, iova: IOVA(0x10000)))
    let (access, reader) = (try caller.access(old), try caller.access(old, pins: false))
    let pins = [try caller.pin(access, 0x10000, 4096), try caller.pin(access, 0x10000, 4096)].map(\.pin)
    let state = try house.state
    expect(.ebusy, "access") { try caller.replace(access, new) }
    for pin in pins {
      _ = try caller.call(caller.services.access.unpin, AccessUnpin(access: access, pin: pin))
    }
    expect(.eaddrinuse, "ioas") { try caller.replace(access, new) }
    #expect(try caller.alignment(old) == 4096 && caller.alignment(new) == 1)
    // One that does not pin asks for nothing.
    try caller.replace(reader, new)
    try caller.replace(reader, new)
    #expect(try caller.alignment(new) == 1)
    expect(.enoent, "ioas") { try caller.replace(access, access) }
    expect(.enoent, "access") { try caller.replace(old, new) }
    #expect(try house.state.objects == state.objects)
  }

  @Test("Pins overlap and repeat; each is let go by itself, and a page when the last of them goes")
  func overlapping() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 8)
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 4 * 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    try caller.map(
      ioas, .init(length: 4 * 4096, source: .fd(0, offset: 4 * 4096), iova: IOVA(0x14000)), [file.passed()])
    let (one, other) = (try caller.access(ioas), try caller.access(ioas))
    let first = try caller.pin(one, 0x10000, 6 * 4096)
    let second = try caller.pin(one, 0x10000, 6 * 4096)
    let third = try caller.pin(other, 0x13000, 4096 + 100)
    #expect(first.pin != second.pin && first.segments == second.segments)
    // Two areas, but bytes that follow each other in one memory.
    #expect(first.segments.map(\.length) == [6 * 4096] && third.segments.map(\.length) == [4096 + 100])
    #expect(try house.state.pinnedPages == 6 && house.state.pins == 3)
    func unpin(_ access: UInt32, _ pin: UInt32) throws -> UInt64 {
      _ = try caller.call(caller.services.access.unpin, AccessUnpin(access: access, pin: pin))
      return try house.state.pinnedPages
    }
    #expect(try unpin(one, first.pin) == 6)
    expect(.enoent, "pin") { _ = try unpin(one, first.pin) }
    #expect(try unpin(one, second.pin) == 2)
    #expect(try unpin(other, third.pin) == 0)
  }

  @Test("Reads and writes begin and end anywhere, across areas that meet")
  func acrossAreas() throws {
    let house = House()
    let caller = try house.connect()
    let (left, right) = (try TestMemory(pages: 2), try TestMemory(pages: 2))
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 4096 + 7, source: .fd(0), iova: IOVA(0x10001)), [left.passed()])
    try caller.map(
      ioas, .init(length: 4096, source: .fd(0, offset: 4095), iova: IOVA(0x11008)), [right.passed()])
    let access = try caller.access(ioas, pins: false)
    let read = AccessRead(access: access, iova: IOVA(0x10FFF), length: 12)
    // 0x10FFF is byte 4094 of the left one; the areas meet at 0x11008.
    #expect(
      try caller.call(caller.services.access.read, read).data.bytes == [1, 1, 2, 2, 2, 2, 2, 2, 2, 1, 2, 2])
    let bytes = [UInt8](101...112)
    let write = AccessWrite(access: access, iova: IOVA(0x10FFF), data: Bytes(bytes))
    _ = try caller.call(caller.services.access.write, write)
    #expect(try left.bytes(at: 4094, 9) == Array(bytes[..<9]))
    #expect(try right.bytes(at: 4095, 3) == Array(bytes[9...]))
    #expect(try caller.call(caller.services.access.read, read).data.bytes == bytes)
  }
}

extension Caller {
  func replace(_ access: UInt32, _ ioas: UInt32) throws {
    _ = try call(services.access.replace, AccessReplace(access: access, ioas: ioas))
  }

  func ioas(_ residency: Residency) throws -> UInt32 {
    try call(services.ioas.alloc, IOASAlloc(residency: residency)).ioas
  }
}
