// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("What a map would cost")
struct CostTests {
  /// Address spaces with and without devices, an advisory one, and files that are known or new.
  private final class Stage {
    let house = House()
    let caller: Caller
    let spaces: [UInt32]
    var files: [TestMemory] = []
    var random: SplitMix

    init(seed: UInt64) throws {
      random = SplitMix(seed: seed)
      caller = try house.connect()
      spaces = [
        try caller.ioas(), try caller.ioas(), try caller.ioas(), try caller.ioas(.advisory),
      ]
      for ioas in [spaces[0], spaces[1], spaces[1], spaces[3]] {
        try caller.attach(try caller.device(), to: ioas)
      }
      for pages in [4, 16, 16] { files.append(try TestMemory(pages: pages)) }
    }

    func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    func space() -> UInt32 { spaces[Int(number(0...3))] }

    /// Any range, often one that is refused.
    func range() throws -> (range: IOASMap.Range, descriptors: [Int32]) {
      var range = IOASMap.Range(length: 4096 * number(1...8), source: .new)
      if number(0...1) == 0 { range.iova = IOVA(0x10000 + 4096 * number(0...64)) }
      let memories = try caller.call(caller.services.memory.list, MemoryList(after: nil)).items
      switch number(0...3) {
      case 0: return (range, [])
      case 1 where !memories.isEmpty:
        let memory = memories[Int(number(0...UInt64(memories.count - 1)))].memory
        range.source = .memory(memory, offset: 4096 * number(0...4))
        return (range, [])
      default:
        let file = files[Int(number(0...2))]
        range.source = .fd(0, offset: 4096 * number(0...10))
        return (range, [try file.passed(readOnly: number(0...4) == 0)])
      }
    }

    /// What the quotas and the pins say, in the terms of the answer.
    var use: [UInt64] {
      get throws {
        let state = try house.state
        return [
          state.pinnedPages, state.chargedPages << 12, state.heldBytes, state.areas, state.objects.memory,
          state.descriptors,
        ]
      }
    }

    /// Asks for the cost, does it, and compares.
    func check(_ cost: () throws -> IOASCost.Result, _ act: () throws -> Void) throws {
      let before = try house.state
      let said = Result { try cost() }
      #expect(try house.state == before)
      let use = try use
      let done = Result { try act() }
      switch (said, done) {
      case (.success(let cost), .success):
        let expected = [
          cost.pages, cost.pinnedBytes, cost.heldBytes, cost.areas, cost.objects, cost.descriptors,
        ]
        #expect(try zip(self.use, use).map { $0.0 - $0.1 } == expected)
      case (.failure(let said as Failure), .failure(let done as Failure)):
        #expect(said.errno == done.errno, "\(said) but \(done)")
        #expect(try house.state == before)
      default:
        Issue.record("\(said), but the call: \(done)")
      }
    }
  }

  @Test("is exactly what it costs, over random maps and copies", arguments: 1...12 as ClosedRange<UInt64>)
  func random(seed: UInt64) throws {
    let stage = try Stage(seed: seed)
    let caller = stage.caller
    for _ in 0..<60 {
      switch stage.number(0...9) {
      case 0...4:
        let (ioas, source) = (stage.space(), try stage.range())
        let again = try source.descriptors.map { try duplicate($0) }
        try stage.check {
          try caller.call(caller.services.ioas.cost, IOASCost(ioas: ioas, source.range), source.descriptors)
        } _: {
          try caller.map(ioas, source.range, again)
        }
      case 5...7:
        let (from, to) = (stage.space(), stage.space())
        let area = try caller.areas(from).randomElement(using: &stage.random)
        let first = (area?.iova.rawValue ?? 0x10000) + 4096 * stage.number(0...2)
        let length = 4096 * stage.number(1...8)
        let place = stage.number(0...1) == 0 ? nil : 0x10000 + 4096 * stage.number(0...64)
        try stage.check {
          let copy = IOASCost.Copy(from: from, IOVA(first), length: length, at: place.map { IOVA($0) })
          return try caller.call(caller.services.ioas.cost, IOASCost(ioas: to, copy: copy))
        } _: {
          try caller.copy(from, first, length, to: to, at: place)
        }
      case 8:
        let ioas = stage.space()
        guard let area = try caller.areas(ioas).randomElement(using: &stage.random) else { break }
        // Not what is pinned.
        _ = try? caller.unmap(ioas, area.iova.rawValue, area.length)
      default:
        // Pins hold pages that a copy then finds pinned.
        let ioas = stage.space()
        guard let area = try caller.areas(ioas).randomElement(using: &stage.random) else { break }
        let access = try caller.access(ioas)
        _ = try caller.pin(access, area.iova.rawValue, min(area.length, 8192))
        if stage.number(0...2) > 0 {
          _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: access))
        }
      }
    }
  }

  private func duplicate(_ descriptor: Int32) throws -> Int32 {
    let copy = dup(descriptor)
    try #require(copy >= 0)
    return copy
  }

  @Test(
    "counts what several ranges of one call share once, and what two areas of a copy show of the same page")
  func shared() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 8)
    let (source, target) = (try caller.ioas(), try caller.ioas())
    try caller.attach(try caller.device(), to: target)
    let ranges: [IOASMap.Range] = [
      .init(length: 4096, source: .fd(0)), .init(length: 8192, source: .fd(0)),
      .init(length: 4096, source: .new),
    ]
    let cost = try caller.call(
      caller.services.ioas.cost, IOASCost(ioas: target, ranges: ranges), [file.passed()])
    #expect(cost.pages == 4 && cost.pinnedBytes == 4 * 4096 && cost.areas == 3)
    #expect(cost.objects == 2 && cost.descriptors == 4 && cost.heldBytes == 9 * 4096)
    try caller.map(source, .init(length: 8192, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    try caller.copy(source, 0x10000, 8192, to: source, at: 0x12000)
    let copy = IOASCost.Copy(from: source, IOVA(0x10000), length: 4 * 4096)
    let shared = try caller.call(caller.services.ioas.cost, IOASCost(ioas: target, copy: copy))
    #expect(shared.areas == 2 && shared.pages == 2 && shared.pinnedBytes == 8192)
  }

  @Test("is refused where a quota would be passed, as the map is")
  func quotas() throws {
    let house = House {
      $0[each: .pinnedBytes] = 4 * 4096
      $0[each: .areas] = 2
    }
    let caller = try house.connect()
    let file = try TestMemory(pages: 8)
    let ioas = try caller.ioas()
    try caller.attach(try caller.device(), to: ioas)
    func cost(_ ranges: [IOASMap.Range]) throws -> IOASCost.Result {
      try caller.call(caller.services.ioas.cost, IOASCost(ioas: ioas, ranges: ranges), [file.passed()])
    }
    let range = IOASMap.Range(length: 4096, source: .fd(0))
    #expect(try cost([range, range]).pinnedBytes == 8192)
    expect(.edquot, "ranges") { _ = try cost([range, range, range]) }
    expect(.enomem, "ranges") { _ = try cost([.init(length: 5 * 4096, source: .fd(0))]) }
    expect(.enomem, "ranges[0].source") { _ = try cost([.init(length: 5 * 4096, source: .new)]) }
    #expect(try house.state.chargedPages == 0)
  }
}
