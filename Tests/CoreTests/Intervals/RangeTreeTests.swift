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

  @Test func payloadChangesInPlace() {
    var tree = RangeTree()
    for number in 0..<200 as Range<UInt64> {
      tree.insert(RangeEntry(first: number * 2, last: number * 2, payload: 1))
    }
    for number in 0..<200 as Range<UInt64> {
      tree.setPayload(5, of: RangeEntry(first: number * 2, last: number * 2, payload: 1))
    }
    tree._checkInvariants()
    let entries = Self.all(tree)
    #expect(entries.allSatisfy { $0.payload == 5 })
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
