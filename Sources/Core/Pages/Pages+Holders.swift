// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension Pages {
  /// Who holds one page of the object: ``tiers(_:)`` for a single index. Fails only as try-only. O(log n + holders).
  package func span(at index: PageIndex, _ waiting: Waiting = .wait) throws(Refusal) -> TierSpan {
    try acquire(waiting)
    defer { lock.unlock() }
    let byAccess = Self.covering(index.rawValue, of: accesses) { $0.payload }
    let byDomain = Self.covering(index.rawValue, of: domains) { _ in 1 }
    return TierSpan(
      range: IndexRange(index, through: index),
      tier: byAccess > 0 ? .store : byDomain > 0 ? .domain : .origin, accesses: byAccess, domains: byDomain)
  }

  /// The sum over all entries of `tree` that cover `index`.
  private static func covering(
    _ index: UInt64, of tree: borrowing RangeTree, _ weight: (RangeEntry) -> UInt64
  ) -> UInt64 {
    guard let first = tree.firstReaching(index), var cursor = tree.cursor(from: first) else { return 0 }
    var sum: UInt64 = 0
    while cursor.entry.first <= index {
      if cursor.entry.last >= index { sum += weight(cursor.entry) }
      guard cursor.advance() else { break }
    }
    return sum
  }
}
