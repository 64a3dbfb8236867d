// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Memory sources")
struct SourceTests {
  /// A caller with an IOAS that a device sees.
  private struct Stage {
    let house: House
    let caller: Caller
    let ioas: UInt32
    let hwpt: UInt32

    init(_ house: House = House()) throws {
      self.house = house
      caller = try house.connect()
      ioas = try caller.ioas()
      hwpt = try caller.attach(try caller.device(), to: ioas)
    }

    @discardableResult
    func map(
      _ source: Source, at iova: UInt64, pages: UInt64 = 1, write: Bool? = nil, _ descriptors: [Int32] = []
    ) throws -> UInt32 {
      let range = IOASMap.Range(length: pages * 4096, source: source, iova: IOVA(iova), write: write)
      return try caller.map(ioas, range, descriptors).memory
    }

    func frames(at iova: UInt64, pages: UInt64) throws -> [UInt64] {
      let call = HWPTTranslate(hwpt: hwpt, iova: IOVA(iova), length: pages * 4096)
      return try caller.call(caller.services.hwpt.translate, call).runs.flatMap { run in
        stride(from: run.frame.rawValue, to: run.frame.rawValue + run.length, by: 4096)
      }
    }

    var areas: [IOASAreas.Item] {
      get throws { try caller.call(caller.services.ioas.areas, IOASAreas(ioas: ioas)).items }
    }
  }

  @Test("A file that comes again with another right keeps its frames, and is paid for once")
  func sameFrames() throws {
    let stage = try Stage()
    let file = try TestMemory(pages: 4)
    let first = try stage.map(.fd(0), at: 0x10000, pages: 4, [file.passed(readOnly: true)])
    let second = try stage.map(.fd(0), at: 0x20000, pages: 4, write: true, [file.passed()])
    #expect(first == second)
    let frames = try stage.frames(at: 0x10000, pages: 4)
    #expect(frames.count == 4)
    #expect(try stage.frames(at: 0x20000, pages: 4) == frames)
    #expect(try stage.areas.map(\.write) == [false, true])
    let state = try stage.house.state
    #expect(state.objects.memory == 1)
    #expect(state.heldBytes == 4 * 4096)
    #expect(state.descriptors == 4)
    // The one that came first does not rule out the other way round.
    let other = try TestMemory(pages: 4)
    try stage.map(.fd(0), at: 0x30000, pages: 4, [other.passed()])
    try stage.map(.fd(0), at: 0x40000, pages: 4, [other.passed(readOnly: true)])
    #expect(try stage.frames(at: 0x30000, pages: 4) == stage.frames(at: 0x40000, pages: 4))
    #expect(try Set(frames).isDisjoint(with: stage.frames(at: 0x30000, pages: 4)))
    // What only a read-only descriptor leads to is never written, whatever else has come.
    #expect(try stage.areas.map(\.write) == [false, true, true, false])
  }

  @Test("A file that has grown keeps the frames of what there was")
  func grown() throws {
    let stage = try Stage()
    let file = try TestMemory(pages: 4, seals: 0)
    let first = try stage.map(.fd(0), at: 0x10000, pages: 4, [file.passed()])
    try #require(ftruncate(file.descriptor.rawValue, 8 * 4096) == 0)
    try #require(iommu_allocate(file.descriptor.rawValue, 4 * 4096, 4 * 4096) == 0)
    // The context does not know it until somebody brings it again.
    expect(.einval, "length") { try stage.map(.memory(first), at: 0x20000, pages: 8) }
    #expect(try stage.map(.fd(0), at: 0x20000, pages: 8, [file.passed()]) == first)
    #expect(try stage.frames(at: 0x10000, pages: 4) == Array(stage.frames(at: 0x20000, pages: 8).prefix(4)))
    #expect(try stage.house.state.heldBytes == 8 * 4096)
    try stage.map(.memory(first, offset: 4096), at: 0x30000, pages: 7)
    #expect(try stage.caller.unmap(stage.ioas, 0, .max) == 19 * 4096)
    #expect(try stage.house.state.heldBytes == 0)
    #expect(try stage.house.state.descriptors == 0)
  }

  @Test("What the context holds is mapped again with the rights of the descriptors that brought it")
  func again() throws {
    let stage = try Stage()
    let file = try TestMemory(pages: 4)
    let memory = try stage.map(.fd(0), at: 0x10000, pages: 4, [file.passed(readOnly: true)])
    let state = try stage.house.state
    expect(.eperm, "write") { try stage.map(.memory(memory), at: 0x20000, write: true) }
    expect(.einval, "length") { try stage.map(.memory(memory, offset: 4096), at: 0x20000, pages: 4) }
    expect(.einval, "source.offset") { try stage.map(.memory(memory, offset: 1), at: 0x20000) }
    #expect(try stage.house.state == state)
    #expect(try stage.map(.memory(memory, offset: 8192), at: 0x20000, pages: 2) == memory)
    #expect(try stage.areas.map(\.write) == [false, false])
    #expect(try stage.areas.map(\.offset) == [0, 8192])
    try stage.map(.fd(0), at: 0x30000, pages: 1, [file.passed()])
    try stage.map(.memory(memory), at: 0x40000, write: true)
    // It goes with its last pages object, and its id means nothing then.
    try stage.caller.unmap(stage.ioas, 0, .max)
    expect(.enoent, "source.memory") { try stage.map(.memory(memory), at: 0x10000) }
  }

  @Test("A line that fails keeps nothing of what it brought")
  func undone() throws {
    let stage = try Stage()
    let file = try TestMemory(pages: 1)
    try stage.map(.fd(0), at: 0x10000, [file.passed(readOnly: true)])
    let (objects, state) = (try stage.caller.objects, try stage.house.state)
    // The right to write, fresh memory and part of this process came before the range that is taken.
    let ranges: [IOASMap.Range] = [
      .init(length: 4096, source: .fd(0), iova: IOVA(0x20000), write: true),
      .init(length: 4096, source: .new, iova: IOVA(0x30000)),
      .init(length: 4096, source: .process(1, address: IOVA(0x1000)), iova: IOVA(0x40000)),
      .init(length: 4096, source: .fd(0), iova: IOVA(0x10000)),
    ]
    expect(.eexist, "ranges[3].iova") {
      _ = try stage.caller.call(
        stage.caller.services.ioas.map, IOASMap(ioas: stage.ioas, ranges: ranges),
        [file.passed(), Scene.ownMemory()])
    }
    #expect(try stage.caller.objects == objects)
    #expect(try stage.house.state == state)
    expect(.eperm, "write") {
      let memory = try #require(try stage.areas.first?.memory)
      try stage.map(.memory(memory), at: 0x20000, write: true)
    }
  }

  @Test("A write-sealed file is only read, and whoever may have a descriptor gets one that holds")
  func writeSealed() throws {
    let house = House()
    let caller = try house.connect()
    _ = try caller.open("vm")
    let ioas = try caller.ioas()
    let file = try TestMemory(pages: 2, seals: UInt32(IOMMU_SEAL_WRITE | IOMMU_SEAL_SHRINK))
    var range = IOASMap.Range(length: 8192, source: .fd(0), iova: IOVA(0x10000))
    range.share = .whole
    let memory = try caller.map(ioas, range, [file.passed()]).memory
    expect(.eperm, "write") {
      _ = try caller.call(caller.services.memory.open, MemoryOpen(memory: memory, write: true))
    }
    let admin = try house.connect(uid: 0, role: .admin)
    _ = try admin.open("vm", owner: 1000)
    #expect(try !admin.call(admin.services.memory.open, MemoryOpen(memory: memory)).write)
    #expect(admin.answered?.count == 1)
    let access = try admin.access(ioas)
    #expect(try admin.pin(access, 0x10000, 8192).segments.map(\.mappable) == [true])
    // Pinned memory that cannot be written is locked: the kernel's pins are for writing.
    let item = try #require(
      try caller.call(caller.services.memory.list, MemoryList(after: nil)).items.first)
    #expect(item.residency == .locked)
    #expect(!item.writable)
    #expect(item.pinnedPages == 2)
  }
}
