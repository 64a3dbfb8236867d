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

  /// Takes out all of `first`...`last`. O(log runs + runs taken out).
  package mutating func remove(_ first: UInt64, through last: UInt64) {
    if first > 0 { cut(behind: first - 1) }
    if last < .max { cut(behind: last) }
    tree.removeAll(from: first, through: last) { _ in }
  }

  /// Parts a run that goes on behind `number`.
  private mutating func cut(behind number: UInt64) {
    guard let run = tree.floor(number), run.last > number else { return }
    tree.replace(run, with: RangeEntry(first: run.first, last: number, payload: 0))
    tree.insert(RangeEntry(first: number + 1, last: run.last, payload: 0))
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
