// SPDX-License-Identifier: Apache-2.0

import IommuCore
import Testing

@Suite struct SpanSetTests {
  private func runs(
    _ set: borrowing SpanSet, _ first: UInt64 = 0, _ last: UInt64 = .max
  ) -> [ClosedRange<UInt64>] {
    var runs: [ClosedRange<UInt64>] = []
    set.forEach(in: first, through: last) { first, last in
      runs.append(first...last)
      return true
    }
    return runs
  }

  @Test func followsASetOfNumbers() {
    for seed in 1...20 as ClosedRange<UInt64> {
      var random = SplitMix(seed: seed)
      var set = SpanSet()
      var model: Set<UInt64> = []
      for step in 0..<400 {
        let first = UInt64.random(in: 0..<300, using: &random)
        let last = first + UInt64.random(in: 0..<(Bool.random(using: &random) ? 3 : 60), using: &random)
        if Int.random(in: 0..<5, using: &random) < 3 {
          set.insert(first, through: last)
          model.formUnion(first...last)
        } else {
          set.remove(first, through: last)
          model.subtract(first...last)
        }
        set._checkInvariants()
        #expect(Set(runs(set).joined()) == model, "seed \(seed), step \(step)")
        let part = Set(runs(set, 100, 200).joined())
        #expect(part == model.filter { (100...200).contains($0) }, "seed \(seed), step \(step)")
      }
    }
  }

  @Test func reachesBothEndsOf64Bits() {
    var set = SpanSet()
    set.insert(.max, through: .max)
    set.insert(0, through: 0)
    set.insert(1, through: 5)
    set.insert(.max - 3, through: .max - 1)
    #expect(runs(set) == [0...5, (.max - 3)...(.max)])
    set.remove(.max - 1, through: .max)
    #expect(runs(set) == [0...5, (.max - 3)...(.max - 2)])
    set.insert(0, through: .max)
    #expect(runs(set) == [0...(.max)])
    #expect(runs(set, 7, 9) == [7...9])
    set.remove(0, through: .max)
    #expect(runs(set) == [])
  }

  @Test func aWalkEndsWhenItIsTold() {
    var set = SpanSet()
    for number in 0..<100 as Range<UInt64> { set.insert(number * 2, through: number * 2) }
    var seen = 0
    set.forEach(in: 0, through: .max) { _, _ in
      seen += 1
      return seen < 3
    }
    #expect(seen == 3)
    #expect(runs(set).count == 100)
  }
}
