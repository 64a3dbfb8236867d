// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension RangeTree {
  /// The span that begins at `position`: whether an entry covers it, and how far that surely stays so, at most
  /// to `last`. Two used spans in a row are possible where entries meet or overlap. O(log n).
  package func span(at position: UInt64, through last: UInt64) -> (used: Bool, last: UInt64) {
    guard let entry = firstReaching(position), entry.first <= last else { return (false, last) }
    if entry.first <= position { return (true, min(entry.last, last)) }
    return (false, entry.first - 1)
  }

  /// Whether entries cover any part of `range`. O(log n).
  package func covers(anyOf range: IndexRange) -> Bool {
    guard let entry = firstReaching(range.first.rawValue) else { return false }
    return entry.first <= range.last.rawValue
  }

  /// Whether an entry begins at `index` or ends before it. Where very many entries overlap it is said to be one without
  /// having looked at all of them. O(log n), and O(entries that overlap there) up to a limit.
  package func hasBorder(at index: UInt64) -> Bool {
    if let cursor = cursor(from: index), cursor.entry.first == index { return true }
    guard index > 0, let root else { return false }
    var leaves = 16
    return Self.hasEntry(endingAt: index - 1, under: root, &leaves)
  }

  private static func hasEntry(endingAt last: UInt64, under node: RangeNode, _ leaves: inout Int) -> Bool {
    if node.isLeaf {
      leaves -= 1
      return leaves < 0 || (0..<node.count).contains { node.entry($0).last == last }
    }
    for position in 0..<node.count {
      let branch = unsafe node.branches[position]
      if branch.low.first > last { return false }
      if branch.summary.last >= last, hasEntry(endingAt: last, under: node.child(position), &leaves) {
        return true
      }
    }
    return false
  }
}

/// Who holds a piece of a pages object, by the order in which tiers are read.
package enum Holder: Hashable, Sendable {
  /// An access, whether or not a domain does too: tier 1 has the frames.
  case access
  /// A domain and no access: tier 2 has them.
  case domain
  /// Nobody: only the origin has them.
  case none
}

/// Walks a range piece by piece and says for each which of two trees covers it: the first, else the second, else
/// neither. The pieces tile the range. The trees must not change on the way.
///
/// The kernel's counterpart is `interval_tree_double_span_iter`. O(log n) a piece.
package struct SpanWalk {
  private var position: UInt64
  private let end: UInt64
  private var finished = false
  private var first: (used: Bool, last: UInt64)?
  private var second: (used: Bool, last: UInt64)?

  package init(_ range: IndexRange) {
    position = range.first.rawValue
    end = range.last.rawValue
  }

  /// The next piece, or nil behind the last one.
  package mutating func next(
    accesses: borrowing RangeTree, domains: borrowing RangeTree
  ) -> (range: IndexRange, holder: Holder)? {
    guard !finished else { return nil }
    let byAccess = valid(first) ?? accesses.span(at: position, through: end)
    first = byAccess
    var last = byAccess.last
    var holder = Holder.access
    if !byAccess.used {
      let byDomain = valid(second) ?? domains.span(at: position, through: end)
      second = byDomain
      last = min(last, byDomain.last)
      holder = byDomain.used ? .domain : .none
    }
    let range = IndexRange(position, through: last)
    if last == end { finished = true } else { position = last + 1 }
    return (range, holder)
  }

  /// An earlier span that still reaches the position.
  private func valid(_ span: (used: Bool, last: UInt64)?) -> (used: Bool, last: UInt64)? {
    guard let span, span.last >= position else { return nil }
    return span
  }
}
