// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// The engine and a naive model side by side. The model keeps a record for each page: no trees, no runs.
final class World {
  /// One pages object as the model sees it.
  final class ModelPages {
    let engine: Pages
    let origin: Int
    let first: UInt64
    let count: UInt64
    let writable: Bool
    init(engine: Pages, origin: Int, writable: Bool) {
      self.engine = engine
      self.origin = origin
      self.writable = writable
      first = engine.firstInOrigin
      count = engine.count
    }
  }

  struct ModelArea {
    var iova: UInt64
    var length: UInt64
    var pages: ModelPages
    var byteOffset: UInt64
    var protection: Protection
    var pins = 0
    var last: UInt64 { iova + length - 1 }
    var indexes: ClosedRange<UInt64> { byteOffset / 4096...(byteOffset + length - 1) / 4096 }
  }

  struct ModelPin {
    var id: UInt32
    var parts: [(pages: ModelPages, indexes: ClosedRange<UInt64>, area: UInt64)]
  }

  final class Space {
    let engine: AddressSpace
    let access: Access
    var areas: [ModelArea] = []
    var domains: [TestDomain] = []
    var pins: [ModelPin] = []
    var huge = true
    init(batchLimit: Int, pins: Bool) throws {
      engine = AddressSpace(batchLimit: batchLimit)
      access = try Access(engine, pins: pins)
    }
  }

  let ledger = FrameLedger()
  let faults = FaultPlan()
  let account: TestAccount
  let origins: [TestOrigin]
  var spaces: [Space] = []
  let grain: UInt64
  let pinning: Bool
  /// Try-only calls instead of waiting ones: with one thread they may only refuse for their size.
  let waiting: Waiting

  init(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let patterns = FramePattern.allCases
    // Odd worlds have no pins, small leaves, and so areas that begin inside a page.
    pinning = seed % 3 != 0
    grain = pinning ? 4096 : 1024
    waiting = seed % 5 == 0 ? .tryOnly : .wait
    account = TestAccount(faults: faults)
    var origins: [TestOrigin] = []
    for number in 0..<2 as Range<UInt64> {
      let origin = TestOrigin(
        pages: 120, base: 0x100000 * (number + 1),
        pattern: patterns.randomElement(using: &random) ?? .contiguous,
        ledger: ledger, faults: faults, holdsBytes: true)
      origin.shortPins = [0, 0, 1, 3][Int.random(in: 0..<4, using: &random)]
      origins.append(origin)
    }
    self.origins = origins
    let limit = [1, 2, 3, 5, 8192].randomElement(using: &random) ?? 1
    for _ in 0..<2 { spaces.append(try Space(batchLimit: limit, pins: pinning)) }
  }

  // MARK: Steps

  /// Runs one step on both sides; answers what differs.
  func run(_ step: Step) -> String? {
    do {
      try perform(step)
      return try difference()
    } catch let complaint as Complaint {
      return complaint.text
    } catch {
      return "unexpected \(error)"
    }
  }

  struct Complaint: Error { var text: String }

  /// Runs `engine`; its refusal must be what the model expects, unless a fault was injected.
  func attempt<T>(_ expected: [Errno], _ engine: () throws(Refusal) -> T) throws -> T? {
    let value: T
    do throws(Refusal) {
      value = try engine()
    } catch {
      if case .contended = error, waiting == .tryOnly { return nil }
      if faults.fired || expected.contains(error.errno) { return nil }
      throw Complaint(text: "the engine refused with \(error), the model says \(expected)")
    }
    if !expected.isEmpty { throw Complaint(text: "the engine accepted, the model says \(expected)") }
    return value
  }

  private func perform(_ step: Step) throws {
    switch step {
    case .map(let space, let origin, let start, let pages, let place, let fixed, let writable, let cut):
      try map(spaces[space], origin, start, pages, place, fixed, writable, cut)
    case .copy(let from, let area, let to, let place, let fixed, let skip, let pages):
      try copy(spaces[from], area, spaces[to], place, fixed, skip, pages)
    case .unmap(let space, let area, let count, let cut): try unmap(spaces[space], area, count, cut)
    case .unmapAll(let space):
      let space = spaces[space]
      let busy = space.areas.contains { $0.pins > 0 }
      let total = space.areas.reduce(0) { $0 + $1.length }
      if let bytes = try attempt(
        busy ? [.ebusy] : [], { () throws(Refusal) in try space.engine.unmapAll(waiting) })
      {
        if bytes != total { throw Complaint(text: "unmapped \(bytes) of \(total) bytes") }
        space.areas = []
      }
    case .attach(let space): try attach(spaces[space])
    case .detach(let space, let domain): try detach(spaces[space], domain)
    case .pin(let space, let area, let skip, let pages, let write):
      try pin(spaces[space], area, skip, pages, write)
    case .unpin(let space, let pin): try unpin(spaces[space], pin)
    case .copyBytes(let space, let area, let skip, let length, let write, let byFrames):
      try copyBytes(spaces[space], area, skip, length, write, byFrames)
    case .hugePages(let space, let on):
      let space = spaces[space]
      guard pinning else { return }
      let busy = !on && space.huge && !space.areas.isEmpty && !space.domains.isEmpty
      let done: Void? = try attempt(busy ? [.einval] : []) { () throws(Refusal) in
        try space.engine.setHugePages(on, waiting)
      }
      if done != nil { space.huge = on }
    }
  }

  private func alignment(_ space: Space) -> UInt64 {
    pinning ? 4096 : space.domains.isEmpty ? 1 : grain
  }

  private func map(
    _ space: Space, _ origin: Int, _ start: UInt64, _ pages: UInt64, _ place: UInt64, _ fixed: Bool,
    _ writable: Bool, _ cut: UInt64
  ) throws {
    var offset = start * 4096
    var length = pages * 4096
    var iova = 0x10000 + place * 4096
    if !pinning && cut > 0 {
      offset += cut / 1024 * 1024
      iova += (cut % 4) * 1024
      length -= min(length - 1024, (cut % 3) * 1024)
    } else if cut > 0 {
      length -= cut
    }
    try mapSlice(space, origin, offset, length, iova, fixed, writable)
  }

  private func mapSlice(
    _ space: Space, _ origin: Int, _ offset: UInt64, _ length: UInt64, _ iova: UInt64, _ fixed: Bool,
    _ writable: Bool
  ) throws {
    var expected: [Errno] = []
    if offset + length > origins[origin].size { expected.append(.einval) }
    if (length | offset | (fixed ? iova : 0)) % alignment(space) != 0 { expected.append(.einval) }
    let last = iova + (length - 1)
    if expected.isEmpty, fixed, space.areas.contains(where: { $0.iova <= last && iova <= $0.last }) {
      expected.append(.eexist)
    }
    let protection: Protection = writable ? [.read, .write] : .read
    let answer = try attempt(expected) { () throws(Refusal) in
      try space.engine.map(
        [
          AddressSpace.MapRequest(
            memory: .origin(origins[origin], offset: offset, writable: writable, account: account),
            iova: fixed ? IOVA(iova) : nil, length: length, protection: protection)
        ], waiting)
    }
    guard let first = answer?.first else { return }
    try adopt(space, first, length, fixed ? iova : nil, offset, protection) { info in
      ModelPages(engine: info.pages, origin: origin, writable: writable)
    }
  }

  /// Takes a new area over into the model.
  private func adopt(
    _ space: Space, _ iova: IOVA, _ length: UInt64, _ wanted: UInt64?, _ offset: UInt64,
    _ protection: Protection, chosenFor whole: UInt64? = nil, _ pages: (AreaInfo) -> ModelPages
  ) throws {
    guard let info = space.engine.area(at: iova), info.range.first == iova else {
      throw Complaint(text: "a mapped area cannot be found")
    }
    if let wanted, iova.rawValue != wanted { throw Complaint(text: "mapped at \(iova), not where asked") }
    if wanted == nil {
      let last = iova.rawValue + length - 1
      if space.areas.contains(where: { $0.iova <= last && iova.rawValue <= $0.last }) {
        throw Complaint(text: "chose \(iova), which is taken")
      }
      let largest: UInt64 = 2 << 20
      var congruence: UInt64 = 1
      while congruence < whole ?? length, congruence < largest { congruence *= 2 }
      if (iova.rawValue &- offset) % min(congruence, largest) != 0 {
        throw Complaint(text: "chose \(iova), not congruent to \(offset)")
      }
    }
    space.areas.append(
      ModelArea(
        iova: iova.rawValue, length: length, pages: pages(info), byteOffset: info.byteOffset,
        protection: protection))
    space.areas.sort { $0.iova < $1.iova }
  }

  /// Copies what stands from a place in an area on, often across its end.
  private func copy(
    _ from: Space, _ area: Int, _ to: Space, _ place: UInt64, _ fixed: Bool, _ skip: UInt64, _ pages: UInt64
  ) throws {
    guard !from.areas.isEmpty else { return }
    let source = from.areas[area % from.areas.count]
    let first = source.iova + min(skip * 4096, (source.length - 1) / 4096 * 4096)
    let last = place % 3 == 0 ? min(first + pages * 4096 - 1, source.last) : first + pages * 4096 - 1
    let parts = from.parts(first...last)
    let iova = 0x10000 + place * 4096
    let length = last - first + 1
    let isCovered = parts.reduce(0) { $0 + $1.length } == length
    var expected: [Errno] = isCovered ? [] : [.enoent]
    var position = fixed ? iova : 0
    for part in parts where isCovered {
      if (part.length | part.offset | position) % alignment(to) != 0 { expected.append(.einval) }
      position += part.length
    }
    if expected.isEmpty, fixed, to.areas.contains(where: { $0.iova <= iova + length - 1 && iova <= $0.last })
    {
      expected.append(.eexist)
    }
    let range = IOVARange(IOVA(first), through: IOVA(last))
    let copies = try attempt(expected) { () throws(Refusal) in
      try to.engine.copy(.init(source: range, iova: fixed ? IOVA(iova) : nil), from: from.engine, waiting)
    }
    guard let copies else { return }
    if copies.count != parts.count { throw Complaint(text: "\(parts.count) areas became \(copies.count)") }
    var wanted = fixed ? iova : nil
    for (copy, part) in zip(copies, parts) {
      try adopt(
        to, copy.range.first, part.length, wanted, part.area.pages.first * 4096 + part.offset,
        part.area.protection, chosenFor: length
      ) { _ in part.area.pages }
      wanted = copy.range.first.rawValue + part.length
    }
  }

  private func unmap(_ space: Space, _ area: Int, _ count: Int, _ cut: UInt64) throws {
    guard !space.areas.isEmpty else { return }
    let start = area % space.areas.count
    let end = min(start + count, space.areas.count) - 1
    var first = space.areas[start].iova
    let last = space.areas[end].last
    if cut == 1 { first += 1 }
    guard first <= last else { return }
    let hit = space.areas.filter { $0.iova <= last && first <= $0.last }
    let expected: [Errno] =
      hit.isEmpty || hit.contains { $0.iova < first || $0.last > last }
      ? [.enoent] + (hit.contains { $0.pins > 0 } ? [.ebusy] : [])
      : hit.contains { $0.pins > 0 } ? [.ebusy] : []
    let answer = try attempt(expected) { () throws(Refusal) in
      try space.engine.unmap([IOVARange(IOVA(first), through: IOVA(last))], waiting)
    }
    guard let bytes = answer else { return }
    if bytes != hit.reduce(0, { $0 + $1.length }) { throw Complaint(text: "unmapped \(bytes) bytes") }
    space.areas.removeAll { $0.iova >= first && $0.last <= last }
  }

  private func attach(_ space: Space) throws {
    guard space.domains.count < 3 else { return }
    let domain = TestDomain(grain: grain, ledger: ledger, faults: faults)
    let misaligned = space.areas.contains { ($0.iova | $0.length | $0.byteOffset % 4096) % grain != 0 }
    let done: Void? = try attempt(misaligned ? [.eaddrinuse] : []) { () throws(Refusal) in
      try space.engine.attach(domain, waiting)
    }
    if done != nil {
      space.domains.append(domain)
    } else if !domain.entries.isEmpty {
      throw Complaint(text: "a domain that could not join is not empty")
    }
  }

  private func detach(_ space: Space, _ index: Int) throws {
    guard !space.domains.isEmpty else { return }
    let domain = space.domains[index % space.domains.count]
    let done: Void? = try attempt([]) { () throws(Refusal) in try space.engine.detach(domain, waiting) }
    guard done != nil else { return }
    space.domains.removeAll { $0 === domain }
    if !domain.entries.isEmpty { throw Complaint(text: "a domain that left is not empty") }
    if let problem = domain.problems.first { throw Complaint(text: problem) }
  }

  private func pin(_ space: Space, _ area: Int, _ skip: UInt64, _ pages: UInt64, _ write: Bool) throws {
    guard pinning, !space.areas.isEmpty else { return }
    let start = space.areas[area % space.areas.count]
    let first = start.iova + min(skip * 4096, (start.length - 1) / 4096 * 4096)
    let last = first + pages * 4096 - 1
    var parts: [(pages: ModelPages, indexes: ClosedRange<UInt64>, area: UInt64)] = []
    var next = first
    var expected: [Errno] = []
    for area in space.areas where area.last >= first && next <= last && area.iova <= next && next <= area.last
    {
      let end = min(area.last, last)
      let from = (area.byteOffset + (next - area.iova)) / 4096
      let through = (area.byteOffset + (end - area.iova)) / 4096
      parts.append((area.pages, from...through, area.iova))
      if !area.protection.contains(write ? .write : .read) { expected.append(.eperm) }
      next = end + 1
    }
    if next <= last { expected = [.enoent] }
    let answer = try attempt(expected) { () throws(Refusal) in
      try space.access.pin(IOVARange(IOVA(first), through: IOVA(last)), write: write, waiting)
    }
    guard let pin = answer else { return }
    space.pins.append(ModelPin(id: pin.id, parts: parts))
    for part in parts { space.countPins(at: part.area, 1) }
  }

  private func unpin(_ space: Space, _ index: Int) throws {
    guard !space.pins.isEmpty else { return }
    let position = index % space.pins.count
    let pin = space.pins[position]
    let done: Void? = try attempt([]) { () throws(Refusal) in try space.access.unpin(pin.id, waiting) }
    guard done != nil else { return }
    space.pins.remove(at: position)
    for part in pin.parts { space.countPins(at: part.area, -1) }
  }

  /// Lets everything go, as a client that leaves does.
  func close() throws -> String? {
    faults.arm(after: nil)
    for space in spaces {
      do throws(Refusal) { try space.access.close() } catch { return "close refused: \(error)" }
      space.pins = []
      for domain in space.domains {
        do throws(Refusal) { try space.engine.detach(domain) } catch { return "detach refused: \(error)" }
        if let problem = domain.problems.first { return problem }
      }
      space.domains = []
      do throws(Refusal) { _ = try space.engine.unmapAll() } catch { return "unmapAll refused: \(error)" }
      space.areas = []
    }
    for origin in origins where origin.pinned > 0 { return "\(origin.pinned) pins are left" }
    return account.charged == 0 ? try difference() : "\(account.charged) pages are still charged"
  }
}

extension World.Space {
  /// What the areas hold of `range` from its beginning on, without a gap.
  func parts(_ range: ClosedRange<UInt64>) -> [(area: World.ModelArea, offset: UInt64, length: UInt64)] {
    var parts: [(area: World.ModelArea, offset: UInt64, length: UInt64)] = []
    var next = range.lowerBound
    for area in areas where area.iova <= next && next <= area.last && next <= range.upperBound {
      let last = min(area.last, range.upperBound)
      parts.append((area, area.byteOffset + (next - area.iova), last - next + 1))
      next = last + 1
    }
    return parts
  }

  func countPins(at iova: UInt64, _ change: Int) {
    guard let position = areas.firstIndex(where: { $0.iova == iova }) else { return }
    areas[position].pins += change
  }
}
