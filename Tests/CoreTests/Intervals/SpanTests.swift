// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

@Suite struct SpanTests {
  /// Every pair of up to two intervals in each tree over eight places: the pieces tile the range and name the
  /// right holder.
  @Test func piecesTileEveryShape() {
    let intervals = (0..<8).flatMap { first in (first..<8).map { (UInt64(first), UInt64($0)) } }
    for a in intervals {
      for b in intervals {
        for c in intervals where (c.0 + a.1) % 3 == 0 {
          check(accesses: [a, b], domains: [c])
          check(accesses: [a], domains: [b, c])
        }
      }
    }
    check(accesses: [], domains: [])
  }

  private func check(accesses: [(UInt64, UInt64)], domains: [(UInt64, UInt64)]) {
    var first = RangeTree()
    var second = RangeTree()
    for (number, entry) in accesses.enumerated() {
      first.insert(RangeEntry(first: entry.0, last: entry.1, payload: UInt64(number)))
    }
    for (number, entry) in domains.enumerated() {
      second.insert(RangeEntry(first: entry.0, last: entry.1, payload: UInt64(number)))
    }
    for range in [IndexRange(0, through: 7), IndexRange(2, through: 5), IndexRange(7, through: 7)] {
      var walk = SpanWalk(range)
      var next = range.first.rawValue
      while let piece = walk.next(accesses: first, domains: second) {
        #expect(piece.range.first.rawValue == next)
        for index in piece.range.first.rawValue...piece.range.last.rawValue {
          let expected: Holder =
            accesses.contains { $0.0 <= index && index <= $0.1 }
            ? .access : domains.contains { $0.0 <= index && index <= $0.1 } ? .domain : .none
          #expect(piece.holder == expected, "index \(index) of \(accesses) and \(domains)")
        }
        next = piece.range.last.rawValue + 1
      }
      #expect(next == range.last.rawValue + 1)
    }
  }
}
