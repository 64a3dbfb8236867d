// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("What devices wrote")
struct DirtyTests {
  @Test("Writes of devices are told as ranges, and memory for them is charged and given back")
  func dirtyRanges() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device { $0.dirtyTracking = true }
    let hwpt = try caller.table(device, ioas, tracking: true)
    try caller.attach(device, to: hwpt)
    try caller.map(ioas, .init(length: 64 << 12, source: .new, iova: IOVA(0x10_0000)))
    let bytes = try house.state.engineBytes
    func write(_ iova: UInt64, _ count: Int = 1) throws {
      let bytes = Bytes([UInt8](repeating: 7, count: count))
      let call = DeviceDMAWrite(device: device, iova: IOVA(iova), data: bytes)
      _ = try caller.call(caller.services.device.dmaWrite, call)
    }
    try write(0x10_3000)
    try caller.track(hwpt, true)
    #expect(try caller.call(caller.services.hwpt.info, HWPTInfo(hwpt: hwpt)).tracking)
    try write(0x10_0FFF, 2)
    try write(0x11_0000)
    #expect(try house.state.engineBytes > bytes)
    let expected: [HWPTDirtyBitmap.Range] = [
      .init(iova: IOVA(0x10_0000), length: 8192), .init(iova: IOVA(0x11_0000), length: 4096),
    ]
    #expect(try caller.dirty(hwpt, 0, 1 << 48, keep: true) == expected)
    #expect(try caller.dirty(hwpt, 0, 1 << 48) == expected)
    #expect(try caller.dirty(hwpt, 0, 1 << 48) == [])
    #expect(try house.state.engineBytes == bytes)
    // The CPU's writes are nobody's DMA.
    let access = try caller.access(ioas)
    _ = try caller.call(
      caller.services.access.write, AccessWrite(access: access, iova: IOVA(0x10_0000), data: Bytes([1])))
    #expect(try caller.dirty(hwpt, 0, 1 << 48) == [])
    try write(0x10_0000)
    try caller.unmap(ioas, 0x10_0000, 64 << 12)
    #expect(try caller.dirty(hwpt, 0, 1 << 48) == [])
    try caller.track(hwpt, false)
    expect(.einval, "hwpt") { _ = try caller.dirty(hwpt, 0, 4096) }
  }

  @Test("An answer of dirty ranges goes on where the one before ended")
  func dirtyPaging() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device { $0.dirtyTracking = true }
    let hwpt = try caller.table(device, ioas, tracking: true)
    try caller.attach(device, to: hwpt)
    try caller.track(hwpt, true)
    try caller.map(ioas, .init(length: 32 << 12, source: .new, iova: IOVA(0)))
    for page in stride(from: UInt64(0), to: 32, by: 2) {
      let call = DeviceDMAWrite(device: device, iova: IOVA(page << 12), data: Bytes([1]))
      _ = try caller.call(caller.services.device.dmaWrite, call)
    }
    var found: [UInt64] = []
    var next: UInt64? = 0
    while let from = next {
      let call = HWPTDirtyBitmap(hwpt: hwpt, iova: IOVA(from), length: 1 << 40 - from, limit: 5)
      let answer = try caller.call(caller.services.hwpt.dirtyBitmap, call)
      #expect(answer.ranges.count <= 5)
      found += answer.ranges.map(\.iova.rawValue)
      next = answer.next?.rawValue
    }
    #expect(found == stride(from: UInt64(0), to: 32, by: 2).map { $0 << 12 })
    #expect(try caller.dirty(hwpt, 0, 1 << 40) == [])
  }

  @Test("A device that tracks writes nothing when there is no memory for what it notes")
  func dirtyQuota() throws {
    let house = House { $0[each: .engineBytes] = 17 << 10 }
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let device = try caller.device { $0.dirtyTracking = true }
    let hwpt = try caller.table(device, ioas, tracking: true)
    try caller.attach(device, to: hwpt)
    try caller.map(ioas, .init(length: 256 << 12, source: .new, iova: IOVA(0x10_0000)))
    try caller.track(hwpt, true)
    func write(_ page: UInt64) throws {
      let call = DeviceDMAWrite(device: device, iova: IOVA(0x10_0000 + page << 12), data: Bytes([7]))
      _ = try caller.call(caller.services.device.dmaWrite, call)
    }
    var page: UInt64 = 0
    expect(.enomem, "device") {
      while page < 256 {
        try write(page)
        page += 2
      }
    }
    #expect(page > 0)
    // Whoever takes the marks makes room.
    #expect(try caller.dirty(hwpt, 0, 1 << 30).count == Int(page / 2))
    try write(page)
  }

  /// A tracking HWPT on 1 MiB at 0x10_0000, whose pages 0, 63, 64 and 255 were written.
  private struct Stage {
    let house = House()
    let caller: Caller
    let hwpt: UInt32

    static let iova: UInt64 = 0x10_0000
    static let pages = [0, 63, 64, 255]

    init() throws {
      caller = try house.connect()
      let ioas = try caller.ioas()
      let device = try caller.device { $0.dirtyTracking = true }
      hwpt = try caller.table(device, ioas, tracking: true)
      try caller.attach(device, to: hwpt)
      try caller.map(ioas, .init(length: 256 << 12, source: .new, iova: IOVA(Self.iova)))
      try caller.track(hwpt, true)
      for page in Self.pages {
        let iova = IOVA(Self.iova + UInt64(page) << 12)
        let call = DeviceDMAWrite(device: device, iova: iova, data: Bytes([1]))
        _ = try caller.call(caller.services.device.dmaWrite, call)
      }
    }

    func bitmap(
      _ iova: UInt64 = Stage.iova, _ length: UInt64 = 256 << 12, page: UInt64 = 4096, keep: Bool = false,
      into file: Int32, at offset: UInt64 = 0, _ change: (inout HWPTDirtyBitmap) -> Void = { _ in }
    ) throws -> UInt64 {
      var call = HWPTDirtyBitmap(
        hwpt: hwpt, iova: IOVA(iova), length: length, pageSize: page, keep: keep, into: 0, at: offset)
      change(&call)
      let result = try caller.call(caller.services.hwpt.dirtyBitmap, call, [file])
      #expect(result.ranges.isEmpty && result.next == nil)
      return result.dirtyPages
    }
  }

  private func ones(_ bytes: [UInt8]) -> [Int] {
    bytes.indices.flatMap { byte in (0..<8).filter { bytes[byte] >> $0 & 1 != 0 }.map { byte * 8 + $0 } }
  }

  @Test("A bitmap goes into a file of the caller, whatever was there, and around it nothing is touched")
  func bitmap() throws {
    let stage = try Stage()
    // Every byte of its first page is 1, every one of the second 2.
    let file = try TestMemory(pages: 2)
    let before = try stage.house.state
    #expect(try stage.bitmap(keep: true, into: file.passed(), at: 4090) == 4)
    #expect(ones(try file.bytes(at: 4090, 32)) == Stage.pages)
    #expect(try file.bytes(at: 4089, 1) == [1])
    #expect(try file.bytes(at: 4122, 1) == [2])
    // 2^48 bytes have 2^36 pages of 4 KiB and 2^18 of 1 GiB.
    let large = try TestMemory(pages: 8)
    #expect(try stage.bitmap(0, 1 << 48, page: 1 << 30, keep: true, into: large.passed()) == 1)
    #expect(ones(try large.bytes(at: 0, 8 << 12)) == [0])
    #expect(try stage.house.state == before)
    #expect(try stage.bitmap(into: file.passed()) == 4)
    #expect(try stage.bitmap(into: file.passed()) == 0)
    #expect(ones(try file.bytes(at: 0, 32)) == [])
    #expect(try stage.house.state.engineBytes < before.engineBytes)
  }

  @Test(
    "A bitmap's file that has a hole where a bit goes is refused, and all stays noted; holes elsewhere stay")
  func sparseBitmap() throws {
    let stage = try Stage()
    // A bitmap of 2^33 bytes, of which one page is there.
    let file = try TestMemory(pages: 0, seals: 0)
    try #require(ftruncate(file.descriptor.rawValue, 1 << 33) == 0)
    try #require(iommu_add_seals(file.descriptor.rawValue, UInt32(IOMMU_SEAL_SHRINK)) == 0)
    let before = try stage.house.state
    expect(.efault, "fd") { _ = try stage.bitmap(0, 1 << 48, into: file.passed()) }
    #expect(try stage.house.state == before)
    #expect(try stage.caller.dirty(stage.hwpt, 0, 1 << 48, keep: true).count == 3)
    try #require(iommu_allocate(file.descriptor.rawValue, 0, 4096) == 0)
    #expect(try stage.bitmap(0, 1 << 48, into: file.passed()) == 4)
    #expect(ones(try file.bytes(at: 0, 4096)) == Stage.pages.map { $0 + 256 })
    #expect(iommu_seek_data(file.descriptor.rawValue, 4096) == -Int64(ENXIO))
  }

  @Test("A bitmap's file has to be a memfd that cannot shrink, large enough, and to be written")
  func bitmapFiles() throws {
    let stage = try Stage()
    let before = try stage.house.state
    expect(.einval, "fd") { _ = try stage.bitmap(into: TestMemory(pages: 1, seals: 0).passed()) }
    expect(.eperm, "fd") { _ = try stage.bitmap(into: TestMemory(pages: 1).passed(readOnly: true)) }
    expect(.einval, "length") {
      _ = try stage.bitmap(0, 1 << 30, into: TestMemory(pages: 1).passed())
    }
    expect(.einval, "length") { _ = try stage.bitmap(into: TestMemory(pages: 1).passed(), at: 4065) }
    expect(.einval, "limit") { _ = try stage.bitmap(into: TestMemory(pages: 1).passed()) { $0.limit = 1 } }
    expect(.einval, "page_size") { _ = try stage.bitmap(page: 2048, into: TestMemory(pages: 1).passed()) }
    expect(.einval, "iova") { _ = try stage.bitmap(Stage.iova + 1, into: TestMemory(pages: 1).passed()) }
    var call = HWPTDirtyBitmap(hwpt: stage.hwpt, iova: IOVA(0), length: 4096)
    call.offset = 1
    expect(.einval, "offset") { _ = try stage.caller.call(stage.caller.services.hwpt.dirtyBitmap, call) }
    #expect(try stage.house.state == before)
    #expect(try stage.bitmap(into: TestMemory(pages: 1).passed()) == 4)
  }
}
