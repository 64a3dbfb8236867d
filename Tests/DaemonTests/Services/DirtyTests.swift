// SPDX-License-Identifier: Apache-2.0

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
}
