// SPDX-License-Identifier: Apache-2.0

/// What lies free between the entries.
extension RangeTree {
  /// The lowest free range of at least `length` numbers inside `low`...`high`, in a tree whose entries do not
  /// overlap. The answer is the whole free range, cut to the bounds. O(log n).
  package func lowestGap(of length: UInt64, from low: UInt64, through high: UInt64) -> (
    first: UInt64, last: UInt64
  )? {
    assert(length > 0 && low <= high)
    func cut(_ first: UInt64, _ last: UInt64) -> (first: UInt64, last: UInt64)? {
      let first = max(first, low)
      let last = min(last, high)
      return first <= last && last - first >= length - 1 ? (first, last) : nil
    }
    guard let root else { return cut(low, high) }
    var start = low
    // The gap that `low` lies in has a cut length, which no summary knows.
    if let floor = floor(low) {
      guard floor.last < high else { return nil }
      start = max(low, floor.last + 1)
    }
    guard let next = cursor(from: start) else { return cut(start, high) }
    if next.entry.first > start, let found = cut(start, next.entry.first - 1) { return found }
    guard next.entry.first <= high else { return nil }
    if let gap = Self.gap(in: root, of: length, after: next.entry.first) { return cut(gap.first, gap.last) }
    let last = root.summary().last
    return last < high ? cut(last + 1, high) : nil
  }

  /// The lowest gap of at least `length` between two entries of which the left one begins at `key` or later.
  private static func gap(
    in node: RangeNode, of length: UInt64, after key: UInt64
  ) -> (first: UInt64, last: UInt64)? {
    if node.isLeaf {
      for position in 1..<max(node.count, 1) {
        let left = node.entry(position - 1)
        let right = node.entry(position)
        if left.first >= key, right.first - left.last - 1 >= length {
          return (left.last + 1, right.first - 1)
        }
      }
      return nil
    }
    for position in 0..<node.count {
      let branch = unsafe node.branches[position]
      if branch.summary.last >= key, branch.summary.gap >= length,
        let found = gap(in: node.child(position), of: length, after: key)
      {
        return found
      }
      if position + 1 < node.count {
        let left = branch.summary.last
        let right = unsafe node.branches[position + 1].low.first
        // The left neighbour is the last entry below this branch; it reaches `key` when its end does, since
        // `key` is where an entry begins.
        if left >= key, right - left - 1 >= length { return (left + 1, right - 1) }
      }
    }
    return nil
  }
}
