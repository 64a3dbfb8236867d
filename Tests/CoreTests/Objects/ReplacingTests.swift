// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuCore
import Testing

/// Tables by themselves, and devices that change over between tables while they work.
@Suite struct ReplacingTests {
  private let scene = Tracked(pages: 1024)
  private let there = AddressSpace()

  @Test func aTableByItselfIsNeverPickedAndHasToBeEmptyToGo() throws {
    let (device, other) = (scene.device(), scene.device())
    let table = try scene.tables.make(device.profile.shape, in: scene.space, tracking: false)
    let automatic = try scene.tables.attach(device, to: scene.space)
    #expect(automatic.isNew && automatic.table !== table)
    let change = try scene.tables.attach(device, to: table)
    #expect(change.table === table && change.gone === automatic.table)
    #expect(refusal { () throws(Refusal) in try scene.tables.destroy(table) } == .objectBusy(0))
    // Back to the space: that is another table, and the one by itself stays.
    let back = try scene.tables.attach(device, to: scene.space)
    #expect(back.isNew && back.gone == nil && back.table !== table)
    try scene.tables.destroy(table)
    #expect(refusal { () throws(Refusal) in try scene.tables.attach(other, to: table) } == .noSuchObject(0))
    #expect(try scene.clear([device], []) == 0)
  }

  @Test func aDeviceThatDoesNotTrackIsNoGuestOfATrackingTable() throws {
    let plain = scene.device { $0.dirtyTracking = false }
    let table = try scene.tables.make(plain.profile.shape, in: scene.space, tracking: true)
    #expect(
      refusal { () throws(Refusal) in try scene.tables.attach(plain, to: table) } == .unlike(.dirtyTracking))
    // One that tracks may stand on a table that does not.
    let (device, quiet) = (
      scene.device(), try scene.tables.make(plain.profile.shape, in: scene.space, tracking: false)
    )
    _ = try scene.tables.attach(device, to: quiet)
    #expect(try scene.clear([device], [table, quiet]) == 0)
  }

  @Test func promisesAndAreasStandInTheWayOfATable() throws {
    let narrow = TableShape(format: .vtd, aperture: IOVARange(IOVA(0x1000), through: IOVA(0xffff_ffff)))
    let promise = IOVARange(IOVA(0xffff_0000), through: IOVA(0x1_0000_ffff))
    try scene.space.allow([promise])
    func refused() -> Refusal? {
      refusal { () throws(Refusal) in try scene.tables.make(narrow, in: scene.space, tracking: false) }
    }
    #expect(refused() == .addressInUse(promise))
    try scene.space.allow([])
    try scene.map(0, bytes: 4096)
    #expect(refused() == .addressInUse(pageRange(0, pages: 1)))
    _ = try scene.space.unmapAll()
    try scene.map(0x1400, bytes: 1024)
    #expect(refused() == .addressInUse(IOVARange(IOVA(0x1400), through: IOVA(0x17ff))))
    #expect(scene.space.usable() == (ranges: [.all], alignment: 1))
    #expect(try scene.clear([], []) == 0)
  }

  /// What a device reserves may not break a promise.
  @Test func aDeviceThatReservesWhatIsPromisedIsRefused() throws {
    let range = pageRange(0xfee0_0000, pages: 256)
    let picky = scene.device { $0.reserved = [range] }
    let promise = pageRange(0xfee1_0000, pages: 1)
    try scene.space.allow([promise])
    #expect(
      refusal { () throws(Refusal) in try scene.tables.attach(picky, to: scene.space) }
        == .addressInUse(promise))
    #expect(picky.table == nil && scene.space.usable().ranges == [.all])
    try scene.space.allow([])
    _ = try scene.tables.attach(picky, to: scene.space)
    #expect(refusal { () throws(Refusal) in try scene.space.allow([promise]) } == .addressInUse(promise))
    #expect(try scene.clear([picky], []) == 0)
  }

  /// Threads that copy through the device without a pause, while it changes over: within a space, to a table by itself,
  /// and to another space that maps other memory at the same IOVAs. None of them ever misses.
  @Test func aDeviceThatChangesOverMissesNothing() throws {
    let device = scene.device()
    try scene.map(0x10000, bytes: 64 << 12)
    try scene.map(0x10000, bytes: 64 << 12, offset: 512 << 12, in: there)
    // What the device finds there tells it where it is.
    let marks = (Bytes([UInt8](repeating: 1, count: 64 << 12)), Bytes([UInt8](repeating: 2, count: 64 << 12)))
    try unsafe scene.space.write(IOVA(0x10000), from: marks.0.readOnly)
    try unsafe there.write(IOVA(0x10000), from: marks.1.readOnly)
    let table = try scene.tables.make(device.profile.shape, in: scene.space, tracking: true)
    _ = try scene.tables.attach(device, to: scene.space)
    let (misses, copies, here, elsewhere) = (Log(), Tally(), Tally(), Tally())
    let stop = Tally()
    let threads = Threads()
    for thread in 0..<3 as Range<UInt64> {
      threads.start { [scene] in
        while stop.count == 0 {
          do throws(Refusal) {
            let bytes = try scene.read(device, 0x10000 + thread << 12, bytes: 0x3000)
            // All of a copy comes from one space.
            switch Set(bytes) {
            case [1]: here.note()
            case [2]: elsewhere.note()
            default: misses.note("\(Set(bytes))")
            }
          } catch {
            misses.note("\(error)")
          }
          copies.note()
        }
      }
    }
    for _ in 0..<100 {
      for target in [scene.space, there] { _ = try scene.tables.attach(device, to: target) }
      _ = try scene.tables.attach(device, to: table)
      let before = copies.count
      while copies.count < before + 3 { sched_yield() }
    }
    stop.note()
    threads.join()
    #expect(misses.events.isEmpty)
    #expect(here.count > 0)
    #expect(try scene.clear([device], [table], there) == 0)
  }

  /// The table is taken away exactly between the look at it and the copy.
  @Test func aCopyThatComesTooLateAsksTheSuccessor() throws {
    let device = scene.device()
    try scene.map(0x10000, bytes: 4096)
    try scene.map(0x10000, bytes: 4096, offset: 512 << 12, in: there)
    let mark = Bytes([7])
    try unsafe there.write(IOVA(0x10000), from: mark.readOnly)
    let old = try scene.tables.attach(device, to: scene.space).table
    let buffer = Bytes([0])
    var asked: [PageTable] = []
    try device.through(IOVA(0x10000)) { (table) throws(Refusal) in
      if asked.isEmpty { _ = try scene.tables.attach(device, to: there) }
      asked.append(table)
      try unsafe table.space.dmaRead(table.domain, IOVA(0x10000), into: buffer.raw)
    }
    #expect(asked.count == 2 && asked[0] === old && asked[1] === device.table)
    #expect(buffer.array == [7])
    // Where the successor does not lead anywhere either, it is a fault.
    let fault = refusal { () throws(Refusal) in try scene.read(device, 0x20000, bytes: 1) }
    #expect(fault == .fault(iova: IOVA(0x20000), done: 0))
    #expect(try scene.clear([device], [], there) == 0)
  }

  /// A device that is taken off in the middle faults, and does not find what it saw before.
  @Test func aDeviceThatIsTakenOffFaults() throws {
    let device = scene.device()
    try scene.map(0x10000, bytes: 4096)
    _ = try scene.tables.attach(device, to: scene.space)
    #expect(try scene.read(device, 0x10000, bytes: 8).count == 8)
    _ = try scene.tables.detach(device)
    #expect(
      refusal { () throws(Refusal) in try scene.read(device, 0x10000, bytes: 8) }
        == .fault(iova: IOVA(0x10000), done: 0))
    #expect(try scene.clear([], []) == 0)
  }
}
