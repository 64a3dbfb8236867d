// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// Any 64-bit numbers at every entry of the engine: it refuses or does what was asked, and it never stops. A debug
/// build would stop at an overflow.
@Suite struct AnyValueTests {
  /// Numbers that are likely to lie beside an edge.
  struct Numbers {
    var random: SplitMix

    mutating func next() -> UInt64 {
      let edge: UInt64 =
        switch Int.random(in: 0..<6, using: &random) {
        case 0: 0
        case 1: .max
        case 2, 3: 1 << UInt64.random(in: 0...63, using: &random)
        default:
          UInt64.random(in: 0...UInt64.max, using: &random) >> UInt64.random(in: 0...63, using: &random)
        }
      let off = UInt64.random(in: 0...4, using: &random) * (Bool.random(using: &random) ? 1 : 4096)
      let near = Bool.random(using: &random) ? edge &+ off : edge &- off
      return Bool.random(using: &random) ? near : near & ~0xfff
    }

    mutating func range() -> IOVARange {
      let (a, b) = (next(), next())
      return IOVARange(IOVA(min(a, b)), through: IOVA(max(a, b)))
    }

    mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
  }

  /// An origin of any size, whose frames fit the 52 bits of a bus address as far as they are pinned.
  final class EndlessOrigin: Origin {
    let size: UInt64
    init(size: UInt64) { self.size = size }

    func pin(
      _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
    ) throws(Refusal) -> UInt64 {
      guard range.count <= 64 else { throw .origin(.enomem, index: range.first) }
      guard batch.append(FrameRun(pfn: PFN(0x4000 + range.first.rawValue % 4096), count: range.count)) else {
        throw .origin(.eagain, index: range.first)
      }
      return range.count
    }
    func unpin(_ range: IndexRange, for holder: PinHolder) {}
    func index(of pfn: PFN) -> PageIndex? { pfn.rawValue < 0x4000 ? nil : PageIndex(0) }
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {}
    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {}
  }

  /// Runs `body` and asks that a refusal has an error of its own and has left the areas as they were.
  private func ask(_ space: AddressSpace, _ what: String, _ body: () throws(Refusal) -> Void) {
    let before = space.areas().map(\.range)
    do throws(Refusal) {
      try body()
    } catch {
      #expect(error != .contended, "\(what): nobody else is there")
      #expect(space.areas().map(\.range) == before, "\(what): \(error)")
    }
  }

  private func domain(_ numbers: inout Numbers) throws(Refusal) -> any Domain {
    let sizes = PageSizes(rawValue: numbers.next())
    let aperture = numbers.range()
    if numbers.chance(2) { return try FlatDomain(aperture: aperture, pageSizes: sizes) }
    return try VTDDomain(
      aperture: aperture, pageSizes: numbers.chance(2) ? sizes : TableFormat.vtd.usualPageSizes)
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func nothingStopsTheEngine(seed: UInt64) throws {
    var numbers = Numbers(random: SplitMix(seed: seed))
    let account = TestAccount()
    account.limit = 1 << 20
    let space = AddressSpace()
    let access = try Access(space, pins: seed % 2 == 0)
    var attached: [any Domain] = []
    let owner = TestAccount()
    let buffer = Bytes([UInt8](repeating: 0, count: 5000))
    var mapped = 0
    for _ in 0..<4000 {
      let (x, y, z) = (numbers.next(), numbers.next(), numbers.next())
      let range = numbers.range()
      let iova =
        numbers.chance(3) ? space.areas(after: IOVA(x), limit: 1).first?.range.first ?? IOVA(x) : IOVA(x)
      switch Int.random(in: 0..<12, using: &numbers.random) {
      case 0, 1, 2:
        let origin = EndlessOrigin(size: numbers.chance(4) ? y : .max)
        var requests: [AddressSpace.MapRequest] = []
        for _ in 0..<(numbers.chance(6) ? 3 : 1) {
          let length = numbers.chance(3) ? numbers.next() : (1 + numbers.next() % 40) << 12
          requests.append(
            AddressSpace.MapRequest(
              memory: .origin(
                origin, offset: numbers.chance(3) ? numbers.next() : 0, writable: z % 2 == 0, account: account
              ),
              iova: numbers.chance(2) ? nil : IOVA(numbers.next()), length: length,
              protection: Protection(rawValue: UInt8(truncatingIfNeeded: y) & 3)))
        }
        ask(space, "map") { () throws(Refusal) in mapped += try space.map(requests).count }
      case 3:
        guard let area = space.areas(after: IOVA(y), limit: 1).first else { continue }
        let request = AddressSpace.MapRequest(
          memory: .pages(area.pages, offset: numbers.chance(2) ? 0 : x),
          iova: numbers.chance(2) ? nil : IOVA(z),
          length: numbers.chance(2) ? 4096 : y, protection: [.read])
        ask(space, "copy") { () throws(Refusal) in _ = try space.map([request]) }
      case 4: ask(space, "unmap") { () throws(Refusal) in _ = try space.unmap([range]) }
      case 5:
        guard let whole = IOVARange(first: iova, length: y) else { continue }
        ask(space, "unmap") { () throws(Refusal) in _ = try space.unmap([whole, range]) }
      case 6:
        guard let domain = try? domain(&numbers) else { continue }
        let reserved = numbers.chance(2) ? [range, numbers.range()] : []
        ask(space, "attach") { () throws(Refusal) in
          try space.attach(domain, reserved: reserved)
          attached.append(domain)
        }
      case 7:
        if !numbers.chance(3), let last = attached.popLast() { try space.detach(last) }
        ask(space, "reserve") { () throws(Refusal) in try space.reserve([range], for: owner) }
        if !numbers.chance(8) { space.unreserve(for: owner) }
      case 8:
        let list = (0..<Int(z % 4)).map { _ in numbers.range() }
        ask(space, "allow") { () throws(Refusal) in try space.allow(list) }
        if !numbers.chance(8) { try space.allow([]) }
      case 9:
        ask(space, "read") { () throws(Refusal) in
          try unsafe space.read(
            iova, into: UnsafeMutableRawBufferPointer(rebasing: buffer.raw[..<Int(y % 5001)]),
            by: z % 2 == 0 ? .origin : .frames)
        }
        ask(space, "write") { () throws(Refusal) in try unsafe space.write(iova, from: buffer.readOnly) }
        guard let domain = attached.last else { continue }
        ask(space, "dma") { () throws(Refusal) in
          try unsafe space.dmaRead(domain, iova, into: buffer.raw)
          try unsafe space.dmaWrite(domain, IOVA(y), from: buffer.readOnly)
        }
        _ = domain.translate(IOVA(y))
        if let found = domain.stretch(from: iova, limit: max(z, 1)) { #expect(found.length <= max(z, 1)) }
      case 10 where access.pins:
        let wanted = IOVARange(first: iova, length: numbers.chance(2) ? 4096 : y) ?? range
        ask(space, "pin") { () throws(Refusal) in
          let pin = try access.pin(wanted, write: z % 2 == 0)
          if !numbers.chance(4) { try access.unpin(pin.id) }
        }
        #expect(
          refusal { () throws(Refusal) in try access.unpin(UInt32(truncatingIfNeeded: x) | 1 << 31) } != nil)
      default:
        ask(space, "hugePages") { () throws(Refusal) in try space.setHugePages(x % 2 == 0) }
        _ = space.usable()
        _ = space.area(at: IOVA(y))
        _ = space.areas(after: IOVA(z), limit: 2)
      }
    }
    space._checkInvariants()
    #expect(mapped > 80)
    try access.close()
    for domain in attached { try space.detach(domain) }
    _ = try space.unmapAll()
    #expect(account.charged == 0)
  }

  /// Tables and slices with any parameters are made or refused.
  @Test func partsAreMadeOrRefused() {
    var numbers = Numbers(random: SplitMix(seed: 3))
    var made = 0
    for _ in 0..<20_000 {
      if (try? domain(&numbers)) != nil { made += 1 }
      let (offset, length) = (numbers.next(), numbers.next())
      let pages = try? Pages(
        origin: EndlessOrigin(size: numbers.next()), offset: offset, length: length, writable: true,
        account: TestAccount())
      if let pages {
        made += 1
        #expect(length > 0 && pages.origin.size > offset && pages.origin.size - offset >= length)
        #expect(pages.firstInOrigin == offset >> 12 && pages.count <= length >> 12 + 2)
      }
      let shape = TableShape(
        format: numbers.chance(2) ? .flat : .vtd, pageSizes: PageSizes(rawValue: numbers.next()),
        aperture: numbers.range())
      _ = refusal { () throws(Refusal) in try shape.check() }
    }
    #expect(made > 1000)
  }
}
