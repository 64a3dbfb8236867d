// SPDX-License-Identifier: Apache-2.0

import Dispatch
import IommuBase
import IommuCore
import Testing

@Suite("Copying what is mapped")
struct CopyTests {
  private func range(_ first: UInt64, _ length: UInt64) -> IOVARange {
    IOVARange(IOVA(first), through: IOVA(first + length - 1))
  }

  @Test("Each source area becomes one area over the same pages, and nothing is pinned or charged twice")
  func shares() throws {
    let scene = Scene(pages: 16)
    let (source, target) = (AddressSpace(), AddressSpace())
    try source.attach(scene.domain())
    try target.attach(scene.domain())
    let left = try scene.map(source, 0x10000, bytes: 4 * 4096)
    let right = try scene.map(source, 0x14000, offset: 8 * 4096, bytes: 4 * 4096)
    let calls = scene.origin.pinCalls
    let copies = try target.copy(
      .init(source: range(0x12000, 4 * 4096), iova: IOVA(0x50000)), from: source)
    #expect(copies.map(\.range) == [range(0x50000, 8192), range(0x52000, 8192)])
    #expect(copies.map { ObjectIdentifier($0.pages) } == [ObjectIdentifier(left), ObjectIdentifier(right)])
    #expect(copies.map(\.byteOffset) == [8192, 0])
    #expect(scene.origin.pinCalls == calls && scene.account.charged == 8)
    // What the copy shows stays pinned when the source goes, and nothing else.
    _ = try source.unmapAll()
    #expect(scene.pinned == [2, 3, 8, 9] && scene.account.charged == 4)
    #expect(scene.made.last?.translate(IOVA(0x53fff))?.address == scene.origin.pfn(9) << 12 + 0xfff)
    #expect(try scene.clear(source, target).isEmpty)
  }

  @Test("Copies may go into the same space, and be copied again")
  func sameSpace() throws {
    let scene = Scene(pages: 4)
    let space = AddressSpace()
    try space.attach(scene.domain())
    try scene.map(space, 0x10000, bytes: 4 * 4096)
    _ = try space.copy(.init(source: range(0x11000, 8192), iova: IOVA(0x30000)), from: space)
    _ = try space.copy(.init(source: range(0x31000, 4096), iova: IOVA(0x40000)), from: space)
    #expect(scene.account.charged == 4)
    _ = try space.unmap([range(0x10000, 4 * 4096)])
    #expect(scene.pinned == [1, 2])
    _ = try space.unmap([range(0x30000, 8192)])
    #expect(scene.pinned == [2])
    #expect(try scene.clear(space).isEmpty)
  }

  @Test("With alignment 1 a slice of any bytes is copied, and one hole is chosen for all areas")
  func slices() throws {
    let scene = Scene(pages: 8)
    let (source, target) = (AddressSpace(), AddressSpace())
    try scene.map(source, 0x10003, offset: 3, bytes: 100)
    try scene.map(source, 0x10003 + 100, offset: 4096, bytes: 100)
    let copies = try target.copy(.init(source: range(0x10003 + 50, 77), iova: nil), from: source)
    #expect(copies.map(\.byteOffset) == [53, 0])
    #expect(copies.map { $0.range.length } == [50, 27])
    #expect(copies[0].range.last.rawValue + 1 == copies[1].range.first.rawValue)
    // Congruent to where the first byte stands in the origin, modulo the whole length rounded up.
    #expect(copies[0].range.first.rawValue % 128 == 53)
    #expect(try scene.clear(source, target).isEmpty)
  }

  @Test("All or nothing: a gap, a taken place, an unaligned border, rights, a full table")
  func refused() throws {
    let scene = Scene(pages: 32)
    let plan = FaultPlan()
    let (source, target) = (AddressSpace(), AddressSpace())
    try target.attach(scene.domain(faults: plan))
    try scene.map(source, 0x10000, bytes: 8192)
    try scene.map(source, 0x12000, offset: 8 * 4096, bytes: 4096, .read, writable: false)
    try scene.map(source, 0x14000, offset: 9 * 4096, bytes: 2048)
    try scene.map(source, 0x14800, offset: 10 * 4096, bytes: 4096)
    try scene.map(target, 0x52000, offset: 20 * 4096, bytes: 4096)
    let before = target.areas().map(\.range)
    func refused(_ source: AddressSpace, _ request: AddressSpace.CopyRequest) -> Refusal? {
      refusal { () throws(Refusal) in try target.copy(request, from: source) }
    }
    #expect(refused(source, .init(source: range(0x11000, 4 * 4096), iova: nil)) == .notMapped(IOVA(0x13000)))
    #expect(refused(source, .init(source: range(0xF000, 8192), iova: nil)) == .notMapped(IOVA(0xF000)))
    #expect(
      refused(source, .init(source: range(0x10000, 3 * 4096), iova: IOVA(0x50000)))
        == .occupied(range(0x52000, 4096)))
    #expect(
      refused(source, .init(source: range(0x14000, 0x1800), iova: IOVA(0x60000)))
        == .misaligned(.length, value: 2048, alignment: 4096))
    #expect(refused(source, .init(source: range(0x10000, 3 * 4096), iova: nil, write: true)) == .readOnly)
    #expect(
      refused(source, .init(source: range(0x10000, 4096), iova: nil, read: false, write: false)) == .noRights)
    #expect(
      refused(source, .init(source: range(0x10000, 8192), iova: IOVA(UInt64.max - 4095)))
        == .overflow(start: UInt64.max - 4095, length: 8192))
    #expect(refused(source, .init(source: .all, iova: nil)) == .overflow(start: 0, length: .max))
    plan.arm(after: 1)
    #expect(refused(source, .init(source: range(0x10000, 3 * 4096), iova: IOVA(0x60000))) == .tableMemory)
    #expect(target.areas().map(\.range) == before && scene.account.charged == 1)
    // Nothing of the source stayed marked.
    _ = try source.unmapAll()
    #expect(try scene.clear(source, target).isEmpty)
  }

  @Test("An area that is being mapped or unmapped is not copied, and one that is copied is not unmapped")
  func transition() throws {
    let scene = Scene(pages: 4)
    let (source, target) = (AddressSpace(), AddressSpace())
    let gate = GatedDomain()
    try target.attach(gate)
    try scene.map(source, 0x10000, bytes: 4096)
    let entered = gate.entered
    let copied = DispatchSemaphore(value: 0)
    gate.isShut = true
    DispatchQueue(label: "copy").async { [source, target] in
      _ = try? target.copy(
        .init(source: IOVARange(IOVA(0x10000), through: IOVA(0x10FFF)), iova: IOVA(0x20000)), from: source)
      copied.signal()
    }
    entered.wait()
    // Half way: the source may not vanish, and the copy is not there yet.
    #expect(refusal { () throws(Refusal) in try source.unmapAll(.tryOnly) } == .contended)
    #expect(
      refusal { () throws(Refusal) in
        try source.copy(.init(source: range(0x20000, 4096), iova: nil), from: target)
      } == .notMapped(IOVA(0x20000)))
    let unmapped = DispatchSemaphore(value: 0)
    DispatchQueue(label: "unmap").async { [source] in
      _ = try? source.unmapAll()
      unmapped.signal()
    }
    gate.open.signal()
    copied.wait()
    unmapped.wait()
    #expect(target.areas().map(\.range) == [range(0x20000, 4096)] && source.areaCount == 0)
    #expect(scene.pinned == [0])
    _ = try target.unmapAll()
    try target.detach(gate)
    #expect(scene.account.charged == 0)
  }

  @Test("Whoever pays for pages pays for every area that shows them")
  func areaAccount() throws {
    final class AreaAccount: PinAccount, @unchecked Sendable {
      var areas: UInt64 = 0
      func charge(pages: UInt64) throws(Refusal) {}
      func uncharge(pages: UInt64) {}
      func chargeArea() throws(Refusal) {
        guard areas < 3 else { throw .areaLimit(used: areas, limit: 3) }
        areas += 1
      }
      func unchargeArea() { areas -= 1 }
    }
    let scene = Scene(pages: 4)
    let account = AreaAccount()
    let (source, target) = (AddressSpace(), AddressSpace())
    func map(_ iova: UInt64) -> AddressSpace.MapRequest {
      .init(
        memory: .origin(scene.origin, offset: 0, writable: true, account: account), iova: IOVA(iova),
        length: 4096, protection: .read)
    }
    _ = try source.map([map(0x10000), map(0x11000)])
    #expect(account.areas == 2)
    #expect(
      refusal { () throws(Refusal) in
        try target.copy(.init(source: range(0x10000, 8192), iova: nil), from: source)
      } == .areaLimit(used: 3, limit: 3))
    #expect(account.areas == 2 && target.areaCount == 0)
    _ = try target.copy(.init(source: range(0x11000, 4096), iova: nil), from: source)
    #expect(account.areas == 3)
    _ = try source.unmapAll()
    #expect(account.areas == 1)
    _ = try target.unmapAll()
    #expect(account.areas == 0)
  }
}

/// A domain whose next map waits until it is let through.
private final class GatedDomain: Domain, @unchecked Sendable {
  let aperture = IOVARange.all
  let pageSizes = PageSizes(rawValue: 4096)
  let entered = DispatchSemaphore(value: 0)
  let open = DispatchSemaphore(value: 0)
  var isShut = false
  private let inner = TestDomain()

  func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal) {
    if isShut {
      entered.signal()
      open.wait()
    }
    try inner.map(batch, at: slot, protection: protection, singlePages: singlePages)
  }

  func unmap(_ range: IOVARange) { inner.unmap(range) }
  func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    inner.readRuns(slot, into: &batch)
  }
  func translate(_ iova: IOVA) -> Translation? { inner.translate(iova) }
  var tableBytes: UInt64 { inner.tableBytes }
}
