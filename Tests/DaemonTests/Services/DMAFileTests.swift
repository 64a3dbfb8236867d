// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("DMA by way of a file")
struct DMAFileTests {
  private struct Stage {
    let house = House()
    let caller: Caller
    let ioas: UInt32
    let device: UInt32
    let hwpt: UInt32
    let memory: TestMemory

    static let iova: UInt64 = 0x10_0000

    init(pages: Int) throws {
      caller = try house.connect()
      ioas = try caller.ioas()
      device = try caller.device { $0.dirtyTracking = true }
      hwpt = try caller.table(device, ioas, tracking: true)
      try caller.attach(device, to: hwpt)
      memory = try TestMemory(pages: pages)
      let range = IOASMap.Range(length: UInt64(pages) << 12, source: .fd(0), iova: IOVA(Self.iova))
      try caller.map(ioas, range, [memory.passed()])
    }

    func read(_ iova: UInt64, _ length: UInt64, into file: TestMemory, at offset: UInt64 = 0) throws {
      let call = DeviceDMARead(device: device, iova: IOVA(iova), length: length, into: 0, at: offset)
      let result = try caller.call(caller.services.device.dmaRead, call, [file.passed()])
      #expect(result.data.bytes.isEmpty)
    }

    func write(_ iova: UInt64, _ length: UInt64, from file: TestMemory, at offset: UInt64 = 0) throws {
      let call = DeviceDMAWrite(device: device, iova: IOVA(iova), length: length, from: 0, at: offset)
      _ = try caller.call(caller.services.device.dmaWrite, call, [file.passed(readOnly: true)])
    }
  }

  @Test("Any range goes into any place of a file and back, and what it wrote is dirty")
  func roundTrip() throws {
    // 20 MiB: two pieces.
    let stage = try Stage(pages: 5120)
    try stage.caller.track(stage.hwpt, true)
    let file = try TestMemory(pages: 5121)
    let before = try stage.house.state
    let length = 5120 * 4096 - 9
    try stage.read(Stage.iova + 9, UInt64(length), into: file, at: 5)
    #expect(try file.bytes(at: 5, length) == stage.memory.bytes(at: 9, length))
    #expect(try stage.house.state == before)
    #expect(try stage.caller.dirty(stage.hwpt, 0, 1 << 40) == [])
    let source = try TestMemory(pages: 600)
    try stage.write(Stage.iova + 4096 + 1, 599 * 4096, from: source, at: 4000)
    #expect(try stage.memory.bytes(at: 4097, 599 * 4096) == source.bytes(at: 4000, 599 * 4096))
    #expect(
      try stage.caller.dirty(stage.hwpt, 0, 1 << 40) == [
        .init(iova: IOVA(Stage.iova + 4096), length: 600 * 4096)
      ])
    #expect(try stage.house.state == before)
  }

  @Test("A fault ends it where it is: what was moved before counts, and is told")
  func fault() throws {
    let stage = try Stage(pages: 100)
    let file = try TestMemory(pages: 300)
    _ = try stage.caller.call(
      stage.caller.services.events.subscribe, EventsSubscribe([.fault]))
    let before = try stage.house.state
    func fault(write: Bool, _ body: () throws -> Void) throws {
      do {
        try body()
        Issue.record("it did not fault")
      } catch let failure as Failure {
        #expect(failure.errno == .efault && failure.field == "iova" && failure.done == 90 * 4096)
      }
      let event = try #require(stage.caller.session.events.next())
      let end = IOVA(Stage.iova + 100 * 4096)
      #expect(
        event.body == .fault(DMAFault(device: stage.device, iova: end, done: 90 * 4096, write: write)))
    }
    try fault(write: false) { try stage.read(Stage.iova + 10 * 4096, 200 * 4096, into: file) }
    // What was read is in the file, and nothing behind it.
    #expect(try file.bytes(at: 0, 90 * 4096) == stage.memory.bytes(at: 10 * 4096, 90 * 4096))
    #expect(try file.bytes(at: 90 * 4096, 1) == [91])
    try fault(write: true) { try stage.write(Stage.iova + 10 * 4096, 200 * 4096, from: file, at: 4096) }
    #expect(try stage.memory.bytes(at: 10 * 4096, 90 * 4096) == file.bytes(at: 4096, 90 * 4096))
    #expect(try stage.house.state == before)
  }

  @Test("The bytes come from one place, and a device that is attached to nothing moves none")
  func refusals() throws {
    let stage = try Stage(pages: 4)
    let caller = stage.caller
    let file = try TestMemory(pages: 4)
    let before = try stage.house.state
    var write = DeviceDMAWrite(device: stage.device, iova: IOVA(Stage.iova), length: 4096, from: 0)
    write.data = Bytes([1])
    expect(.einval, "data") { _ = try caller.call(caller.services.device.dmaWrite, write, [file.passed()]) }
    write = DeviceDMAWrite(device: stage.device, iova: IOVA(Stage.iova), data: Bytes([1]))
    write.length = 1
    expect(.einval, "length") { _ = try caller.call(caller.services.device.dmaWrite, write) }
    var read = DeviceDMARead(device: stage.device, iova: IOVA(Stage.iova), length: 1)
    read.offset = 0
    expect(.einval, "offset") { _ = try caller.call(caller.services.device.dmaRead, read) }
    expect(.einval, "fd") { try stage.read(Stage.iova, 4096, into: TestMemory(pages: 1, seals: 0)) }
    expect(.einval, "length") { try stage.read(Stage.iova, 8192, into: TestMemory(pages: 1)) }
    _ = try caller.call(caller.services.device.detach, DeviceDetach(device: stage.device))
    expect(.efault, "device") { try stage.read(Stage.iova, 4096, into: file) }
    try caller.attach(stage.device, to: stage.hwpt)
    #expect(try stage.house.state == before)
  }
}
