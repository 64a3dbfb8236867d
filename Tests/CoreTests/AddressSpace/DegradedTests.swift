// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// Areas whose pages cannot be pinned again when a domain comes back.
@Suite struct DegradedTests {
  private let space = AddressSpace(batchLimit: 3)

  private func three(_ scene: Scene) throws {
    for (position, iova) in [0x10000, 0x20000, 0x30000].enumerated() {
      try scene.map(space, UInt64(iova), offset: UInt64(position) << 15, bytes: 0x4000)
    }
  }

  private var degraded: [UInt64] {
    let found = space.areas().filter(\.isDegraded).map(\.range.first.rawValue)
    #expect(found.count == space.degradedAreas)
    return found
  }

  @Test(arguments: 0..<3) func `What cannot be pinned keeps its place and is not translated`(
    failing: Int
  ) throws {
    let faults = FaultPlan()
    let scene = Scene(faults: faults)
    try three(scene)
    let domain = scene.domain()
    faults.arm(after: failing)
    try space.restore(domain)
    let lost = UInt64(0x10000 * (failing + 1))
    #expect(degraded == [lost])
    for iova: UInt64 in [0x10000, 0x20000, 0x30000] {
      #expect((domain.translate(IOVA(iova)) == nil) == (iova == lost))
    }
    #expect(scene.account.charged == 8)
    space._checkInvariants()

    // One more table, an access and a copy do not mind.
    let second = scene.domain()
    try space.attach(second)
    #expect(second.translate(IOVA(lost)) == nil)
    try space.detach(domain)
    let access = try Access(space, pins: true)
    let pin = try access.pin(pageRange(lost, pages: 4), write: true)
    try access.unpin(pin.id)

    let again = space.refill()
    #expect(again.filled == 1 && again.refused.isEmpty)
    #expect(degraded.isEmpty && second.translate(IOVA(lost)) != nil)
    #expect(scene.account.charged == 12)
    space._checkInvariants()
    #expect(try scene.clear(space, closing: [access]).isEmpty)
  }

  @Test func `A second table that has no room for an area takes it from the first`() throws {
    let scene = Scene(.scattered)
    try three(scene)
    let first = scene.domain()
    try space.restore(first)
    let faults = FaultPlan()
    let second = scene.domain(faults: faults)
    // Batches of three runs: the second area's second batch.
    faults.arm(after: 3)
    try space.restore(second)
    #expect(faults.fired && degraded.count == 1)
    for domain in [first, second] {
      for area in space.areas() {
        #expect((domain.translate(area.range.first) == nil) == area.isDegraded)
        #expect((domain.translate(area.range.last) == nil) == area.isDegraded)
      }
    }
    space._checkInvariants()
    #expect(try scene.clear(space).isEmpty)
  }

  @Test func `A degraded area is unmapped like any other`() throws {
    let faults = FaultPlan()
    let scene = Scene(faults: faults)
    try three(scene)
    faults.arm(after: 0)
    try space.restore(scene.domain())
    #expect(degraded == [0x10000])
    #expect(try space.unmap([pageRange(0x10000, pages: 4)]) == 0x4000)
    // Its place is free again.
    try scene.map(space, 0x10000, bytes: 0x4000)
    #expect(degraded.isEmpty)
    #expect(try scene.clear(space).isEmpty)
  }

  @Test func `What still cannot be pinned stays degraded, and why is said`() throws {
    let faults = FaultPlan()
    let scene = Scene(faults: faults)
    try three(scene)
    faults.arm(after: 1)
    try space.restore(scene.domain())
    faults.arm(after: 0)
    let again = space.refill()
    #expect(again.filled == 0)
    #expect(again.refused.map(\.area) == [pageRange(0x20000, pages: 4)])
    #expect(again.refused.first?.why.errno == .efault)
    #expect(degraded == [0x20000])
    #expect(space.refill(pageRange(0x10000, pages: 4)).filled == 0)
    #expect(space.refill(pageRange(0x20000, pages: 4)).filled == 1)
    #expect(try scene.clear(space).isEmpty)
  }

  @Test func `Who restores is told what is pinned`() throws {
    let scene = Scene()
    try three(scene)
    var told: [Bool] = []
    try space.restore(scene.domain()) { told.append($0 != nil) }
    #expect(told == [true, true, true, false])
    #expect(try scene.clear(space).isEmpty)
  }

  @Test func `A tracking table comes back with everything that is mapped marked`() throws {
    let scene = Scene()
    try three(scene)
    let tables = PageTables { (shape) throws(Refusal) in try FlatDomain(pageSizes: shape.pageSizes) }
    let shape = TableShape(format: .flat)
    let table = try tables.restore(
      shape, in: space, isAutomatic: false, canTrack: true, isTracking: true, begins: { _ in })
    let whole = IOVARange(IOVA(0), through: IOVA(0xffff_ffff))
    let dirty = try table.dirtyRuns(in: whole, pageSize: 4096, keep: true, limit: 100)
    #expect(dirty.runs == [0x10000, 0x20000, 0x30000].map { pageRange($0, pages: 4) })
    try tables.destroy(table)
    #expect(try scene.clear(space).isEmpty)
  }
}
