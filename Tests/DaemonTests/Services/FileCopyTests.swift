// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuClient
import IommuDaemon
import IommuWire
import Testing

@Suite("Copies by way of a file")
struct FileCopyTests {
  private struct Stage {
    let house = House()
    let caller: Caller
    let ioas: UInt32
    let access: UInt32
    let memory: TestMemory

    init(pages: Int, seals: UInt32 = UInt32(IOMMU_SEAL_SHRINK | IOMMU_SEAL_GROW)) throws {
      caller = try house.connect()
      ioas = try caller.ioas()
      access = try caller.access(ioas, pins: false)
      memory = try TestMemory(pages: pages, seals: seals)
      // Two areas that meet, the second half of the file first.
      let half = UInt64(pages / 2) * 4096
      try map(half, at: 0x10_0000, half)
      try map(0, at: 0x10_0000 + half, half)
    }

    func map(_ offset: UInt64, at iova: UInt64, _ length: UInt64) throws {
      let range = IOASMap.Range(length: length, source: .fd(0, offset: offset), iova: IOVA(iova))
      try caller.map(ioas, range, [memory.passed()])
    }

    func read(_ iova: UInt64, _ length: UInt64, into file: TestMemory, at offset: UInt64) throws {
      try read(iova, length, into: file.passed(), at: offset)
    }

    func read(_ iova: UInt64, _ length: UInt64, into descriptor: Int32, at offset: UInt64) throws {
      let call = AccessRead(access: access, iova: IOVA(iova), length: length, into: 0, at: offset)
      let result = try caller.call(caller.services.access.read, call, [descriptor])
      #expect(result.data.bytes.isEmpty)
    }

    func write(_ iova: UInt64, _ length: UInt64, from descriptor: Int32, at offset: UInt64) throws {
      let call = AccessWrite(access: access, iova: IOVA(iova), length: length, from: 0, at: offset)
      _ = try caller.call(caller.services.access.write, call, [descriptor])
    }
  }

  @Test("Any range goes into any place of a file and back, across areas and pieces")
  func roundTrip() throws {
    // 40 MiB: three pieces.
    let stage = try Stage(pages: 10_240)
    let file = try TestMemory(pages: 10_241)
    let before = try stage.house.state
    let length = 10_240 * 4096 - 7
    try stage.read(0x10_0003, UInt64(length), into: file, at: 5)
    let half = 5120 * 4096
    for (from, at, count) in [(3, 5, half - 3), (half, half + 2, length - half + 3)] {
      let expected = try stage.memory.bytes(at: from < half ? half + from : from - half, count)
      #expect(try file.bytes(at: at, count) == expected)
    }
    // Bytes around it are as they were.
    #expect(try file.bytes(at: 0, 5) == [1, 1, 1, 1, 1])
    #expect(try file.bytes(at: length + 5, 1) == [UInt8(truncatingIfNeeded: (length + 5) / 4096 + 1)])
    #expect(try stage.house.state == before)

    let source = try TestMemory(pages: 600)
    try stage.write(0x10_1001, 599 * 4096, from: source.passed(readOnly: true), at: 4000)
    #expect(try stage.memory.bytes(at: half + 4097, 599 * 4096) == source.bytes(at: 4000, 599 * 4096))
    #expect(try stage.memory.bytes(at: half + 4096, 1) == [UInt8(truncatingIfNeeded: 5122)])
    #expect(try stage.house.state == before)
  }

  @Test(
    "A file has to be a memfd that cannot shrink, large enough, and for reads to be written and populated")
  func files() throws {
    let stage = try Stage(pages: 64)
    let length: UInt64 = 32 * 4096
    let before = try stage.house.state
    expect(.einval, "fd") { try stage.read(0x10_0000, length, into: TestMemory(pages: 64, seals: 0), at: 0) }
    expect(.einval, "fd") {
      let file = unsafe open("/etc/passwd", O_RDONLY | O_CLOEXEC)
      try stage.read(0x10_0000, length, into: file, at: 0)
    }
    expect(.eperm, "fd") {
      try stage.read(0x10_0000, length, into: TestMemory(pages: 64).passed(readOnly: true), at: 0)
    }
    expect(.eperm, "fd") {
      let seals = UInt32(IOMMU_SEAL_SHRINK | IOMMU_SEAL_WRITE)
      try stage.read(0x10_0000, length, into: TestMemory(pages: 64, seals: seals), at: 0)
    }
    expect(.einval, "length") { try stage.read(0x10_0000, length, into: TestMemory(pages: 31), at: 0) }
    expect(.einval, "length") { try stage.read(0x10_0000, length, into: TestMemory(pages: 33), at: 4097) }
    expect(.eoverflow, "length") { try stage.read(0x10_0000, length, into: TestMemory(pages: 1), at: .max) }
    expect(.einval, "length") { try stage.read(0x10_0000, 0, into: TestMemory(pages: 1), at: 0) }
    expect(.eoverflow, "length") { try stage.read(.max, 2, into: TestMemory(pages: 1), at: 0) }
    let call = AccessRead(access: stage.access, iova: IOVA(0x10_0000), length: 4096, into: 3)
    expect(.einval, "fd") { _ = try stage.caller.call(stage.caller.services.access.read, call) }
    // Page 20 of the file is a hole, which the daemon does not fill.
    let sparse = try TestMemory(pages: 32, seals: 0)
    try #require(iommu_punch_hole(sparse.descriptor.rawValue, 20 * 4096, 4096) == 0)
    try #require(iommu_add_seals(sparse.descriptor.rawValue, UInt32(IOMMU_SEAL_SHRINK)) == 0)
    expect(.efault, "fd") { try stage.read(0x10_0000, length, into: sparse, at: 0) }
    // Reads of holes are reads of zeroes.
    try stage.write(0x10_0000, length, from: sparse.passed(), at: 0)
    #expect(try stage.memory.bytes(at: (32 + 20) * 4096, 4096) == [UInt8](repeating: 0, count: 4096))
    #expect(try stage.house.state == before)
  }

  @Test("Nothing is copied where a part is not mapped or may not be written")
  func spaces() throws {
    let stage = try Stage(pages: 64)
    let file = try TestMemory(pages: 128)
    let range = IOASMap.Range(
      length: 4096, source: .fd(0), iova: IOVA(0x10_0000 + 64 * 4096), write: false)
    try stage.caller.map(stage.ioas, range, [stage.memory.passed()])
    expect(.enoent, "iova") { try stage.read(0x10_0000, 66 * 4096, into: file, at: 4096) }
    #expect(try file.bytes(at: 4096, 1) == [2])
    let first = try stage.memory.bytes(at: 32 * 4096, 1)
    expect(.eperm, "iova") { try stage.write(0x10_0000, 65 * 4096, from: file.passed(), at: 4096) }
    #expect(try stage.memory.bytes(at: 32 * 4096, 1) == first)
  }

  @Test("Mapped memory that became shorter ends a copy with the bytes done; nobody dies of it")
  func truncated() throws {
    let stage = try Stage(pages: 64, seals: 0)
    let file = try TestMemory(pages: 64)
    // The second half of the file, which is mapped first, loses its end.
    try #require(ftruncate(stage.memory.descriptor.rawValue, 48 * 4096) == 0)
    do {
      try stage.read(0x10_0000, 64 * 4096, into: file, at: 0)
      Issue.record("what is not there was read")
    } catch let failure as Failure {
      #expect(failure.errno == .efault && failure.field == "iova" && failure.done == 0)
    }
    do {
      try stage.write(0x10_0000, 64 * 4096, from: file.passed(), at: 0)
      Issue.record("what is not there was written")
    } catch let failure as Failure {
      #expect(failure.errno == .efault)
    }
  }

  @Test("A long copy leaves the connections of others, and the loop, alone")
  func served() throws {
    let served = try Served()
    let other = try served.connect()
    try long(served, other)
    // Who left in the middle has taken the copy along.
    _ = try served.state { $0.objects == ServerStats.Objects() && $0.descriptors == 0 }
  }

  private func long(_ served: Served, _ other: Client) throws {
    let busy = try served.connect()
    let ioas = try busy.call(IOASAlloc()).ioas
    let size: UInt64 = 64 << 20
    _ = try busy.call(IOASMap(ioas: ioas, .init(length: size, source: .new, iova: IOVA(0x10_0000))))
    let access = try busy.call(AccessCreate(ioas: ioas, pins: false)).access
    let file = try TestMemory(pages: Int(size / 4096))
    let write = try busy.send(
      AccessWrite(access: access, iova: IOVA(0x10_0000), length: size, from: 0),
      descriptors: [file.descriptor.rawValue])
    try busy.flush()
    for _ in 0..<20 { _ = try other.call(ServerInfo()) }
    _ = try busy.receive(write)
    let last = AccessRead(access: access, iova: IOVA(0x10_0000 + size - 1), length: 1)
    #expect(try busy.call(last).data.bytes == [UInt8(truncatingIfNeeded: Int(size / 4096))])
    // The connection ends here, in the middle of one more.
    _ = try busy.send(
      AccessWrite(access: access, iova: IOVA(0x10_0000), length: size, from: 0),
      descriptors: [file.descriptor.rawValue])
    try busy.flush()
  }
}
