// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// Devices on tables: who shares one, what changing over does, and that a refusal changes nothing.
@Suite struct PageTablesTests {
  private let ledger = FrameLedger()
  private let faults = FaultPlan()
  private let account: TestAccount
  private let origin: TestOrigin
  private let tables = PageTables { (shape) throws(Refusal) in try shape.makeDomain() }
  private let here = AddressSpace()
  private let there = AddressSpace()

  init() {
    account = TestAccount(faults: faults)
    origin = TestOrigin(pages: 256, ledger: ledger, faults: faults, holdsBytes: true)
  }

  private func device(
    reserved: [IOVARange] = [], _ change: (inout TableShape) -> Void = { _ in }
  ) -> Device {
    var profile = DeviceProfile(name: "device", reserved: reserved)
    change(&profile.shape)
    return Device(profile)
  }

  private func map(_ space: AddressSpace, _ iova: UInt64, pages: UInt64, offset: UInt64 = 0) throws {
    _ = try space.map([
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: offset, writable: true, account: account), iova: IOVA(iova),
        length: pages << 12, protection: [.read, .write])
    ])
  }

  private func refusal<T>(_ body: () throws(Refusal) -> T) -> Refusal? {
    do throws(Refusal) {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }

  private func clear(_ devices: [Device]) throws {
    for device in devices { _ = try tables.detach(device) }
    for space in [here, there] { _ = try space.unmapAll() }
    #expect(origin.pinned == 0 && account.charged == 0 && origin.problems.isEmpty)
  }

  @Test func devicesOfOneShapeShareATableThatGoesWithTheLast() throws {
    let (first, second) = (device(), device())
    let narrow = device { $0.pageSizes = PageSizes(rawValue: 1 << 12) }
    let made = try tables.attach(first, to: here)
    #expect(made.isNew && made.gone == nil)
    let shared = try tables.attach(second, to: here)
    #expect(!shared.isNew && shared.table === made.table)
    let own = try tables.attach(narrow, to: here)
    #expect(own.isNew && own.table !== made.table)
    #expect(try here.domains().count == 2)
    #expect(try tables.attach(device(), to: there).isNew)
    #expect(try tables.detach(first) == nil)
    #expect(try tables.detach(first) == nil)
    #expect(try tables.detach(second) === made.table)
    #expect(try here.domains().count == 1)
    #expect(second.table == nil)
    try clear([narrow])
  }

  @Test func whatADeviceReservesComesAndGoesWithIt() throws {
    let range = IOVARange(IOVA(0xFEE0_0000), through: IOVA(0xFEEF_FFFF))
    let (plain, picky) = (device(), device(reserved: [range]))
    _ = try tables.attach(plain, to: here)
    try map(here, 0xFEE0_0000, pages: 1)
    #expect(
      refusal { () throws(Refusal) in try tables.attach(picky, to: here) }
        == .addressInUse(IOVARange(IOVA(0xFEE0_0000), through: IOVA(0xFEE0_0FFF))))
    #expect(picky.table == nil)
    _ = try here.unmapAll()
    _ = try tables.attach(picky, to: here)
    #expect(here.usable().ranges.count == 2)
    #expect(throws: Refusal.self) { try map(here, 0xFEE0_0000, pages: 1) }
    #expect(try tables.detach(picky) == nil)
    #expect(here.usable().ranges.count == 1)
    try map(here, 0xFEE0_0000, pages: 1)
    try clear([plain])
  }

  @Test func changingOverPinsTheNewSpaceAndLetsTheOldOneGo() throws {
    let device = device()
    try map(here, 0x10000, pages: 4)
    try map(there, 0x20000, pages: 2, offset: 64 << 12)
    let old = try tables.attach(device, to: here).table
    #expect(origin.pinned == 4)
    // Between two spaces there is no way back that could not be blocked.
    #expect(refusal { () throws(Refusal) in try tables.attach(device, to: there, .tryOnly) } == .contended)
    #expect(device.table === old)
    let change = try tables.attach(device, to: there)
    #expect(change.gone === old && device.table === change.table)
    #expect(origin.pinned == 2)
    #expect(try here.domains().isEmpty)
    try clear([device])
  }

  @Test func aFailureOnTheWayLeavesTheDeviceWhereItWas() throws {
    let device = device(reserved: [IOVARange(IOVA(0x8000_0000), through: IOVA(0x8000_0FFF))])
    try map(here, 0x10000, pages: 4)
    try map(there, 0x20000, pages: 100, offset: 64 << 12)
    let old = try tables.attach(device, to: here).table
    var failures = 0
    for step in 0... {
      faults.arm(after: step)
      let refused = refusal { () throws(Refusal) in try tables.attach(device, to: there) }
      faults.arm(after: nil)
      guard refused != nil else { break }
      failures += 1
      #expect(device.table === old)
      #expect(origin.pinned == 4 && account.charged == 4)
      #expect(try there.domains().isEmpty)
      #expect(there.usable().ranges == [.all])
    }
    #expect(failures > 0)
    #expect(device.table?.space === there)
    #expect(origin.pinned == 100)
    try clear([device])
  }

  @Test func aTableThatWasAskedForHasToFit() throws {
    let (first, second) = (device(), device())
    let flat = device { $0.format = .flat }
    let table = try tables.attach(first, to: here).table
    #expect(try tables.attach(second, to: table).table === table)
    #expect(
      refusal { () throws(Refusal) in try tables.attach(flat, to: table) }
        == .unlike(.shape))
    _ = try tables.detach(first)
    _ = try tables.detach(second)
    #expect(refusal { () throws(Refusal) in try tables.attach(first, to: table) } == .noSuchObject(0))
    try clear([])
  }

  @Test func shapesThatNoTableHasAreRefused() {
    func check(_ change: (inout TableShape) -> Void) -> Refusal? {
      var shape = DeviceProfile(name: "").shape
      change(&shape)
      return refusal { () throws(Refusal) in try shape.check() }
    }
    #expect(check { _ in } == nil)
    #expect(check { $0.pageSizes = PageSizes(rawValue: 1 << 12) } == nil)
    #expect(check { $0.pageSizes = PageSizes(rawValue: 0) } != nil)
    #expect(check { $0.pageSizes = PageSizes(rawValue: 1 << 21) } != nil)
    #expect(check { $0.pageSizes = PageSizes(rawValue: 1 << 12 | 1 << 16) } != nil)
    #expect(check { $0.aperture = .all } != nil)
    func flat(_ bits: UInt64) -> Refusal? {
      check {
        $0.format = .flat
        $0.pageSizes = PageSizes(rawValue: bits)
      }
    }
    #expect(flat(1 << 10) == nil)
    #expect(flat(1 << 9) != nil)
  }

  @Test func aWalkJoinsWhatFollowsAndStopsWhereItIsTold() throws {
    let device = device()
    let table = try tables.attach(device, to: here).table
    try map(here, 0x10000, pages: 4)
    try map(here, 0x14000, pages: 2, offset: 4 << 12)
    try map(here, 0x20000, pages: 1)
    let whole = IOVARange(IOVA(0), through: IOVA(0xF_FFFF))
    let walk = try table.runs(in: whole, limit: 10)
    #expect(walk.next == nil)
    // Areas of one origin stay apart: each is a pages object of its own.
    #expect(walk.runs.map(\.range.first) == [IOVA(0x10000), IOVA(0x14000), IOVA(0x20000)])
    #expect(walk.runs.map(\.offset) == [0, 4 << 12, 0])
    #expect(walk.runs.allSatisfy { $0.pageSize == 4096 && $0.protection == [.read, .write] })
    let part = try table.runs(in: whole, limit: 2)
    #expect(part.runs.count == 2 && part.next == IOVA(0x20000))
    let few = try table.runs(in: whole, limit: 10, leafLimit: 3)
    #expect(few.runs.count == 1 && few.next == IOVA(0x13000))
    let inside = try table.runs(in: IOVARange(IOVA(0x11008), through: IOVA(0x11017)), limit: 10)
    #expect(inside.runs.map(\.range) == [IOVARange(IOVA(0x11008), through: IOVA(0x11017))])
    #expect(inside.runs.map(\.offset) == [0x1008])
    #expect(refusal { () throws(Refusal) in try table.runs(in: whole, limit: 1, .tryOnly) } == .contended)
    try clear([device])
  }
}
