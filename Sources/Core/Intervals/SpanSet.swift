// SPDX-License-Identifier: Apache-2.0

/// A set of 64-bit numbers, kept as maximal runs: no two of them overlap or touch.
package struct SpanSet: ~Copyable {
  private var tree = RangeTree()

  package init() {}

  /// Runs held.
  package var count: Int { tree.count }
  package var isEmpty: Bool { tree.isEmpty }

  /// Adds `first`...`last`. O(log runs), amortised over the runs that it joins.
  package mutating func insert(_ first: UInt64, through last: UInt64) {
    var (low, high) = (first, last)
    if let left = tree.floor(first), left.last >= first || left.last + 1 == first {
      if left.last >= last { return }
      low = left.first
      tree.remove(left)
    }
    while let next = tree.cursor(from: low)?.entry, next.first <= high || next.first - 1 == high {
      high = max(high, next.last)
      tree.remove(next)
    }
    tree.insert(RangeEntry(first: low, last: high, payload: 0))
  }

  /// Takes out all of `first`...`last`. O(log runs) for each run that is touched.
  package mutating func remove(_ first: UInt64, through last: UInt64) {
    while let entry = tree.firstReaching(first), entry.first <= last {
      tree.remove(entry)
      if entry.first < first {
        tree.insert(RangeEntry(first: entry.first, last: first - 1, payload: 0))
      }
      if entry.last > last {
        tree.insert(RangeEntry(first: last + 1, last: entry.last, payload: 0))
        return
      }
    }
  }

  package mutating func removeAll() { tree = RangeTree() }

  /// Calls `body` with what the set holds of `first`...`last`, run by run in order, until it answers false.
  /// O(log runs + runs passed).
  package func forEach(
    in first: UInt64, through last: UInt64, _ body: (_ first: UInt64, _ last: UInt64) -> Bool
  ) {
    guard let start = tree.firstReaching(first), var cursor = tree.cursor(from: start) else { return }
    repeat {
      let entry = cursor.entry
      guard entry.first <= last, body(max(entry.first, first), min(entry.last, last)) else { return }
    } while cursor.advance()
  }

  package func _checkInvariants() {
    tree._checkInvariants()
    guard var cursor = tree.cursor(from: UInt64(0)) else { return }
    var previous = cursor.entry
    while cursor.advance() {
      precondition(cursor.entry.first > previous.last + 1, "two runs touch")
      previous = cursor.entry
    }
  }
}
