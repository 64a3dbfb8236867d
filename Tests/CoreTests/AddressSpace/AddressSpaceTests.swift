// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// The rules of mapping and unmapping, each with the refusal that names the values.
@Suite struct AddressSpaceTests {
  let ledger = FrameLedger()
  let faults = FaultPlan()
  let account: TestAccount
  let origin: TestOrigin
  let space = AddressSpace()

  init() {
    account = TestAccount(faults: faults)
    origin = TestOrigin(pages: 64, ledger: ledger, faults: faults, holdsBytes: true)
  }

  private func request(
    _ iova: UInt64?, _ length: UInt64, offset: UInt64 = 0, _ protection: Protection = [.read, .write],
    writable: Bool = true
  ) -> AddressSpace.MapRequest {
    AddressSpace.MapRequest(
      memory: .origin(origin, offset: offset, writable: writable, account: account),
      iova: iova.map { IOVA($0) },
      length: length, protection: protection)
  }

  private func refusal<T>(_ body: () throws(Refusal) -> T) -> Refusal? {
    do throws(Refusal) {
      _ = try body()
      return nil
    } catch {
      return error
    }
  }

  private func clear() throws {
    for domain in try space.domains() { try space.detach(domain) }
    _ = try space.unmapAll()
    #expect(origin.pinned == 0 && account.charged == 0 && origin.problems.isEmpty)
  }

  private func range(_ first: UInt64, _ last: UInt64) -> IOVARange {
    IOVARange(IOVA(first), through: IOVA(last))
  }

  @Test func badMapsAreRefusedAndChangeNothing() throws {
    let domain = TestDomain(aperture: range(0, 0xffff_ffff), ledger: ledger, faults: faults)
    try space.attach(domain, reserved: [range(0xfee0_0000, 0xfeef_ffff)])
    _ = try space.map([request(0x10000, 0x4000)])
    let table: [(AddressSpace.MapRequest, Refusal)] = [
      (request(0x1000, 0), .emptyRange),
      (request(0x1000, 1 << 63), .overflow(start: 0, length: 1 << 63)),
      (request(0x1000, 0x1000, offset: .max), .pastEnd(offset: .max, length: 0x1000, size: 64 << 12)),
      (request(0x1000, 0x1000, offset: 64 << 12), .pastEnd(offset: 64 << 12, length: 0x1000, size: 64 << 12)),
      (request(0x1000, 0x1000, []), .noRights),
      (request(0x1000, 0x1000, writable: false), .readOnly),
      (request(0x1001, 0x1000), .misaligned(.iova, value: 0x1001, alignment: 4096)),
      (request(0x1000, 0xfff), .misaligned(.length, value: 0xfff, alignment: 4096)),
      (request(0x1000, 0x1000, offset: 1), .misaligned(.offset, value: 1, alignment: 4096)),
      (request(0xffff_f000, 0x2000), .unusable(range(0xffff_f000, 0x1_0000_0fff))),
      (request(0xfedf_f000, 0x2000), .unusable(range(0xfedf_f000, 0xfee0_0fff))),
      (request(.max - 4095, 0x2000), .overflow(start: .max - 4095, length: 0x2000)),
      (request(0x13000, 0x1000), .occupied(range(0x10000, 0x13fff))),
      (request(0xf000, 0x1000 * 10), .occupied(range(0x10000, 0x13fff))),
    ]
    for (bad, expected) in table {
      let found = refusal { () throws(Refusal) in try space.map([bad]) }
      if case .pastEnd(let offset, let length, _) = expected, offset > .max - length {
        #expect(found == .overflow(start: offset, length: length))
      } else {
        #expect(found == expected)
      }
      // A good neighbour in the same call changes nothing either.
      #expect(refusal { () throws(Refusal) in try space.map([request(0x40000, 0x1000), bad]) } != nil)
      #expect(space.areaCount == 1 && domain.entries.count == 4 && account.charged == 4)
    }
    try clear()
  }

  @Test func unmapTakesWholeAreasOrNothing() throws {
    for place in 0..<3 as Range<UInt64> { _ = try space.map([request(0x10000 + place * 0x2000, 0x2000)]) }
    #expect(
      refusal { () throws(Refusal) in try space.unmap([range(0x10000, 0x12fff)]) }
        == .cutsArea(range: range(0x10000, 0x12fff), area: range(0x12000, 0x13fff)))
    #expect(
      refusal { () throws(Refusal) in try space.unmap([range(0x5000, 0x5fff)]) }
        == .noArea(range(0x5000, 0x5fff)))
    #expect(
      refusal { () throws(Refusal) in try space.unmap([range(0x10000, 0x11fff), range(0x5000, 0x5fff)]) }
        == .noArea(range(0x5000, 0x5fff)))
    #expect(
      refusal { () throws(Refusal) in try space.unmap([range(0x10000, 0x11fff), range(0x10000, 0x11fff)]) }
        == .noArea(range(0x10000, 0x11fff)))
    #expect(space.areas().allSatisfy { $0.state == .live } && space.areaCount == 3)
    #expect(try space.unmap([range(0xf000, 0x13fff), range(0x14000, 0x15fff)]) == 0x6000)
    #expect(try space.unmapAll() == 0)
  }

  /// Chosen IOVAs: congruent to the offset, lowest hole, neither page 0 nor the last page.
  @Test func chosenIOVAs() throws {
    #expect(try space.map([request(nil, 0x1000)]) == [IOVA(0x1000)])
    #expect(try space.map([request(nil, 0x3000, offset: 0x1000)]) == [IOVA(0x5000)])
    #expect(try space.map([request(nil, 0x1000)]) == [IOVA(0x2000)])
    let rest = TestDomain(aperture: range(0, 0xffff), ledger: ledger)
    try space.attach(rest)
    // What is left between the areas is too small for the sure hole, but an exact place exists.
    #expect(try space.map([request(nil, 0x4000)]) == [IOVA(0x8000)])
    #expect(try space.map([request(nil, 0x4000)]) == [IOVA(0xc000)])
    #expect(
      refusal { () throws(Refusal) in try space.map([request(nil, 0x4000)]) } == .noRoom(length: 0x4000))
    try clear()
  }

  @Test func theTopOf64BitsCanBeMapped() throws {
    #expect(try space.map([request(.max - 4095, 0x1000)]) == [IOVA(.max - 4095)])
    #expect(refusal { () throws(Refusal) in try space.map([request(.max, 1)]) } != nil)
    let bytes = Bytes([1, 2, 3, 4])
    try unsafe space.write(IOVA(.max - 3), from: bytes.readOnly)
    let past = refusal { () throws(Refusal) in try unsafe space.read(IOVA(.max - 2), into: bytes.raw) }
    #expect(past == .overflow(start: .max - 2, length: 4))
    #expect(try space.unmap([range(.max - 4095, .max)]) == 0x1000)
  }

  @Test func domainsMustFitWhatIsThere() throws {
    _ = try space.map([request(0x10_0000, 0x1000), request(0x800, 0x800, offset: 0x800)])
    func attach(_ domain: TestDomain, _ reserved: [IOVARange] = []) -> Refusal? {
      refusal { () throws(Refusal) in try space.attach(domain, reserved: reserved) }
    }
    #expect(attach(TestDomain(aperture: range(0, 0xfffff))) == .addressInUse(range(0x10_0000, 0x10_0fff)))
    #expect(attach(TestDomain(aperture: range(0x1000, .max))) == .addressInUse(range(0x800, 0xfff)))
    #expect(
      attach(TestDomain(grain: 1024), [range(0x10_0fff, 0x20_0000)])
        == .addressInUse(range(0x10_0000, 0x10_0fff)))
    #expect(attach(TestDomain()) == .addressInUse(range(0x800, 0xfff)))
    #expect(
      refusal { () throws(Refusal) in try Access(space, pins: true) } == .addressInUse(range(0x800, 0xfff)))
    let small = TestDomain(grain: 1024, ledger: ledger)
    #expect(attach(small, [range(0x20_0000, 0x2f_ffff)]) == nil)
    #expect(
      space.usable().ranges == [range(0, 0x1f_ffff), range(0x30_0000, .max)]
        && space.usable().alignment == 1024)
    try space.detach(small)
    #expect(space.usable().ranges == [.all] && space.usable().alignment == 1)
    try clear()
  }

  @Test func allowedRangesAreKept() throws {
    let device = TestDomain()
    try space.reserve([range(0x8000, 0x8fff)], for: device)
    #expect(
      refusal { () throws(Refusal) in try space.allow([range(0x8000, 0x9fff)]) }
        == .addressInUse(range(0x8000, 0x9fff)))
    #expect(
      refusal { () throws(Refusal) in try space.allow([range(0x6000, 0x7fff), range(0x4000, 0x6fff)]) }
        == .overlapping(range(0x4000, 0x6fff), range(0x6000, 0x7fff)))
    try space.allow([range(0x20_0000, 0x20_0fff), range(0x4000, 0x4fff)])
    #expect(try space.map([request(nil, 0x1000)]) == [IOVA(0x4000)])
    #expect(try space.map([request(nil, 0x1000)]) == [IOVA(0x20_0000)])
    #expect(
      refusal { () throws(Refusal) in try space.map([request(nil, 0x1000)]) } == .noRoom(length: 0x1000))
    _ = try space.map([request(0x10000, 0x1000)])
    _ = try space.unmap([range(0x20_0000, 0x20_0fff)])
    let low = TestDomain(aperture: range(0, 0x1f_ffff))
    #expect(
      refusal { () throws(Refusal) in try space.attach(low) } == .addressInUse(range(0x20_0000, 0x20_0fff)))
    #expect(
      refusal { () throws(Refusal) in try space.reserve([range(0x20_0800, 0x30_0000)], for: low) }
        == .addressInUse(range(0x20_0000, 0x20_0fff)))
    try space.allow([])
    #expect(try space.map([request(nil, 0x1000)]) == [IOVA(0x1000)])
    try space.attach(low)
    try clear()
  }

  @Test func pinsHoldTheirAreas() throws {
    _ = try space.map([request(0x10000, 0x2000), request(0x12000, 0x2000, offset: 0x8000, .read)])
    let access = try Access(space, pins: true)
    #expect(
      refusal { () throws(Refusal) in try access.pin(range(0x10000, 0x14fff), write: false) }
        == .notMapped(IOVA(0x14000)))
    #expect(
      refusal { () throws(Refusal) in try access.pin(range(0x10001, 0x10fff), write: false) }
        == .misaligned(.iova, value: 0x10001, alignment: 4096))
    #expect(
      refusal { () throws(Refusal) in try access.pin(range(0x11000, 0x12fff), write: true) }
        == .protected(range(0x12000, 0x13fff), write: true))
    #expect(account.charged == 0)
    let pin = try access.pin(range(0x11000, 0x12010), write: false)
    #expect(pin.segments.map(\.offset) == [0x1000, 0x8000] && pin.segments.map(\.length) == [0x1000, 0x11])
    let again = try access.pin(range(0x11000, 0x12010), write: false)
    #expect(pin.id != again.id && account.charged == 2 && origin.pinned == 2)
    #expect(refusal { () throws(Refusal) in try space.unmapAll() } == .pinned(range(0x10000, 0x11fff)))
    try access.unpin(pin.id)
    #expect(refusal { () throws(Refusal) in try access.unpin(pin.id) } == .noSuchPin(pin.id))
    #expect(account.charged == 2)
    try access.close()
    #expect(account.charged == 0 && origin.pinned == 0)
    try clear()
  }

  /// The charge comes before the pin, and counts just what nobody holds.
  @Test func theLimitIsExact() throws {
    let access = try Access(space, pins: true)
    account.limit = 10
    _ = try space.map([request(0, 0x20 << 12)])
    _ = try access.pin(range(0x4000, 0x7fff), write: true)
    let calls = origin.pinCalls
    #expect(
      refusal { () throws(Refusal) in try access.pin(range(0, 0xafff), write: true) }
        == .pinLimit(pages: 7, used: 4, limit: 10))
    #expect(origin.pinCalls == calls)
    _ = try access.pin(range(0, 0x9fff), write: true)
    #expect(account.charged == 10 && origin.pinned == 10)
    try access.close()
    try clear()
  }

  @Test func devicesReadThroughTheTable() throws {
    let domain = TestDomain(ledger: ledger)
    try space.attach(domain)
    _ = try space.map([request(0x10000, 0x2000), request(0x12000, 0x1000, offset: 0x9000, .read)])
    for index in origin.bytes.indices {
      origin.bytes[index] = UInt8(truncatingIfNeeded: index / 4096 + index)
    }
    let buffer = Bytes([UInt8](repeating: 0, count: 0x1000))
    try unsafe space.dmaRead(domain, IOVA(0x11800), into: buffer.raw)
    #expect(Array(buffer.array[..<0x800]) == Array(origin.bytes[0x1800..<0x2000]))
    #expect(Array(buffer.array[0x800...]) == Array(origin.bytes[0x9000..<0x9800]))
    let large = Bytes([UInt8](repeating: 7, count: 0x1800))
    let past = refusal { () throws(Refusal) in
      try unsafe space.dmaRead(domain, IOVA(0x12000), into: large.raw)
    }
    #expect(past == .fault(iova: IOVA(0x13000), done: 0x1000))
    let forbidden = refusal { () throws(Refusal) in
      try unsafe space.dmaWrite(domain, IOVA(0x11000), from: large.readOnly)
    }
    #expect(forbidden == .fault(iova: IOVA(0x12000), done: 0x1000))
    try clear()
  }

  /// Random 64-bit values at the public entries: refused or done, never a trap.
  @Test func randomValuesNeverTrap() throws {
    var random = SplitMix(seed: 99)
    let edges: [UInt64] = [0, 1, 4095, 4096, 1 << 12, 1 << 47, 1 << 48, 1 << 63, .max - 4095, .max]
    func value() -> UInt64 {
      let edge = edges.randomElement(using: &random) ?? 0
      return Bool.random(using: &random) ? edge : edge &+ UInt64.random(in: 0...8192, using: &random)
    }
    let access = try Access(space, pins: true)
    let domain = TestDomain(ledger: ledger)
    try space.attach(domain)
    let one = Bytes([0])
    for _ in 0..<20_000 {
      let (a, b, c) = (value(), value(), value())
      _ = refusal { () throws(Refusal) in try space.map([request(a, b, offset: c)], .tryOnly) }
      if let range = IOVARange(first: IOVA(a), length: b) {
        _ = refusal { () throws(Refusal) in try access.pin(range, write: c % 2 == 0, .tryOnly) }
        _ = refusal { () throws(Refusal) in try space.unmap([range], .tryOnly) }
      }
      _ = refusal { () throws(Refusal) in try access.unpin(UInt32(truncatingIfNeeded: c), .tryOnly) }
      _ = space.area(at: IOVA(a))
      _ = space.areas(after: IOVA(b), limit: 3)
      _ = refusal { () throws(Refusal) in try unsafe space.dmaRead(domain, IOVA(c), into: one.raw) }
    }
    space._checkInvariants()
    try access.close()
    try clear()
  }
}
