// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

@Suite struct RangeTreeTests {
  /// Random inserts and removals of overlapping ranges beside a sorted array.
  @Test(arguments: [1, 7, 40, 400, 3000] as [Int])
  func followsASortedArray(size: Int) {
    var random = SplitMix(seed: UInt64(size))
    var tree = RangeTree()
    var model: [RangeEntry] = []
    for step in 0..<(size * 6) {
      let grow = model.count < size && (model.isEmpty || Bool.random(using: &random))
      if grow {
        let first = UInt64.random(in: 0...500, using: &random)
        let entry = RangeEntry(
          first: first, last: first + UInt64.random(in: 0...30, using: &random),
          payload: UInt64.random(in: 0...UInt64(size), using: &random))
        if model.contains(entry) { continue }
        tree.insert(entry)
        model.insert(entry, at: model.firstIndex { entry < $0 } ?? model.count)
      } else if let victim = model.randomElement(using: &random) {
        let removed = tree.remove(victim)
        let again = tree.remove(victim)
        #expect(removed && !again)
        model.removeAll { $0 == victim }
      }
      if size <= 400 || step % 50 == 0 { tree._checkInvariants() }
      let key = UInt64.random(in: 0...540, using: &random)
      let (count, floor, reaching) = (tree.count, tree.floor(key), tree.firstReaching(key))
      #expect(count == model.count)
      #expect(floor == model.last { $0.first <= key })
      #expect(reaching == model.first { $0.last >= key })
    }
    let entries = Self.all(tree)
    #expect(entries == model)
  }

  static func all(_ tree: borrowing RangeTree) -> [RangeEntry] {
    var all: [RangeEntry] = []
    guard var cursor = tree.cursor(from: UInt64(0)) else { return [] }
    repeat { all.append(cursor.entry) } while cursor.advance()
    return all
  }

  /// Every shape of up to eight unit ranges out of ten places: the lowest gap is what a scan finds.
  @Test func lowestGapOfSmallShapes() {
    for mask in 0..<(1 << 10) {
      var tree = RangeTree()
      for place in 0..<10 where mask & (1 << place) != 0 {
        tree.insert(RangeEntry(first: UInt64(place), last: UInt64(place), payload: 1))
      }
      for length in 1...4 as ClosedRange<UInt64> {
        for low in 0...4 as ClosedRange<UInt64> {
          let high: UInt64 = 9
          let found = tree.lowestGap(of: length, from: low, through: high)
          #expect(found?.first == scan(mask, length, low, high)?.first)
          #expect(found?.last == scan(mask, length, low, high)?.last)
        }
      }
    }
  }

  private func scan(_ mask: Int, _ length: UInt64, _ low: UInt64, _ high: UInt64) -> (
    first: UInt64, last: UInt64
  )? {
    var first = low
    while first <= high {
      var last = first
      while last <= high, mask & (1 << Int(last)) == 0 { last += 1 }
      if last - first >= length { return (first, last - 1) }
      first = last + 1
    }
    return nil
  }

  /// The same on trees of several levels, with random disjoint ranges.
  @Test func lowestGapOfLargeTrees() {
    var random = SplitMix(seed: 11)
    var tree = RangeTree()
    var model: [RangeEntry] = []
    var first: UInt64 = 5
    for _ in 0..<5000 {
      let last = first + UInt64.random(in: 0...9, using: &random)
      let entry = RangeEntry(first: first, last: last, payload: 1)
      tree.insert(entry)
      model.append(entry)
      first = last + 1 + UInt64.random(in: 0...20, using: &random) * UInt64.random(in: 0...1, using: &random)
    }
    for _ in 0..<2000 {
      let low = UInt64.random(in: 0...first + 10, using: &random)
      let high = low + UInt64.random(in: 0...20000, using: &random)
      let length = UInt64.random(in: 1...24, using: &random)
      var expected: (UInt64, UInt64)?
      var start: UInt64 = 0
      for entry in model + [RangeEntry(first: .max, last: .max, payload: 0)] {
        if entry.first > start {
          let cut = (max(start, low), min(entry.first - 1, high))
          if cut.0 <= cut.1, cut.1 - cut.0 >= length - 1 {
            expected = cut
            break
          }
        }
        start = entry.last &+ 1
      }
      let found = tree.lowestGap(of: length, from: low, through: high)
      #expect(
        found?.first == expected?.0 && found?.last == expected?.1, "from \(low) through \(high) of \(length)")
    }
  }

  /// The top of 64 bits: nothing adds one to a last.
  @Test func reachesTheTop() {
    var tree = RangeTree()
    tree.insert(RangeEntry(first: .max, last: .max, payload: 1))
    let below = tree.lowestGap(of: .max, from: 0, through: .max)
    #expect(below?.last == UInt64.max - 1)
    tree.insert(RangeEntry(first: 0, last: 0, payload: 1))
    let tooLarge = tree.lowestGap(of: .max, from: 0, through: .max)
    let taken = tree.lowestGap(of: 1, from: .max, through: .max)
    #expect(tooLarge == nil && taken == nil)
  }

  @Test func entriesChangeInPlace() {
    var random = SplitMix(seed: 3)
    var tree = RangeTree()
    var model = (0..<400 as Range<UInt64>).map { RangeEntry(first: $0 * 9, last: $0 * 9, payload: 1) }
    for entry in model { tree.insert(entry) }
    for step in 0..<2000 {
      let position = Int.random(in: 0..<model.count, using: &random)
      let old = model[position]
      let first = old.first / 9 * 9 + UInt64.random(in: 0...4, using: &random)
      let new = RangeEntry(
        first: first, last: first + .random(in: 0...40, using: &random),
        payload: .random(in: 0...9, using: &random))
      tree.replace(old, with: new)
      model[position] = new
      if step % 50 == 0 { tree._checkInvariants() }
    }
    tree._checkInvariants()
    let entries = Self.all(tree)
    #expect(entries == model)
  }

  /// Whole stretches leave at once, from trees of one to four levels, and the tree goes on to serve.
  @Test(arguments: [3, 60, 1200, 12_000] as [Int])
  func stretchesLeaveAtOnce(size: Int) {
    var random = SplitMix(seed: UInt64(size) + 5)
    for round in 0..<20 {
      var tree = RangeTree()
      var model: [RangeEntry] = []
      var first: UInt64 = 0
      for _ in 0..<size {
        first += UInt64.random(in: 0...3, using: &random)
        let entry = RangeEntry(
          first: first, last: first + .random(in: 0...5, using: &random), payload: UInt64(model.count))
        model.append(entry)
      }
      model.sort()
      // In two orders, since rising keys leave full nodes.
      for entry in round % 2 == 0 ? model : model.shuffled(using: &random) { tree.insert(entry) }
      for _ in 0..<8 {
        let low = UInt64.random(in: 0...first, using: &random)
        let high = low + UInt64.random(in: 0...first / 2, using: &random)
        var taken: [RangeEntry] = []
        tree.removeAll(from: low, through: high) { taken.append($0) }
        let expected = model.filter { $0.first >= low && $0.first <= high }
        #expect(taken == expected)
        model.removeAll { $0.first >= low && $0.first <= high }
        tree._checkInvariants()
        let entries = Self.all(tree)
        let count = tree.count
        #expect(entries == model && count == model.count)
        if let some = model.randomElement(using: &random) {
          let removed = tree.remove(some)
          #expect(removed)
          tree.insert(some)
        }
      }
      tree.removeAll(from: 0, through: .max) { _ in }
      let bytes = tree.bytes
      #expect(bytes == 0)
    }
  }

  /// A border is where an entry begins or behind which one ends.
  @Test func bordersAreFound() {
    var random = SplitMix(seed: 9)
    for _ in 0..<60 {
      var tree = RangeTree()
      var model: Set<RangeEntry> = []
      for _ in 0..<Int.random(in: 0...120, using: &random) {
        let first = UInt64.random(in: 0...900, using: &random)
        let entry = RangeEntry(first: first, last: first + .random(in: 0...60, using: &random), payload: 0)
        if model.insert(entry).inserted { tree.insert(entry) }
      }
      for index in 0...1000 as ClosedRange<UInt64> {
        let found = tree.hasBorder(at: index)
        #expect(found == model.contains { $0.first == index || $0.last + 1 == index })
      }
    }
  }

  /// Rising keys leave full nodes: the tree stays close to 24 bytes an entry.
  @Test func risingKeysAreDense() {
    var tree = RangeTree()
    for number in 0..<10_000 as Range<UInt64> {
      tree.insert(RangeEntry(first: number, last: number, payload: 0))
    }
    let bytes = tree.bytes
    #expect(bytes < 10_000 * 28)
  }
}
