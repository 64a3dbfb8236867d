// SPDX-License-Identifier: Apache-2.0

/// An ordered set of ranges: the engine's interval trees, its map of IOVAs and the directory of its PFN store.
///
/// A B+ tree over plain words with nodes of up to 32 entries. Each branch carries the greatest end and the
/// largest gap below it, so that the next overlap and the lowest hole of a size are both found in O(log n). A
/// tree of one entry takes one small leaf.
@safe
package struct RangeTree: ~Copyable {
  var root: RangeNode?
  /// Entries held.
  package internal(set) var count = 0

  package init() {}

  deinit {
    if let root { Self.freeAll(root) }
  }

  private static func freeAll(_ node: RangeNode) {
    if !node.isLeaf {
      for position in 0..<node.count { freeAll(node.child(position)) }
    }
    node.free()
  }

  package var isEmpty: Bool { count == 0 }

  /// Bytes taken from the heap. O(nodes).
  package var bytes: UInt64 {
    func sum(_ node: RangeNode) -> UInt64 {
      var bytes = node.bytes
      if !node.isLeaf {
        for position in 0..<node.count { bytes += sum(node.child(position)) }
      }
      return bytes
    }
    return root.map(sum) ?? 0
  }

  // MARK: Finding

  /// The entry with the greatest `first` that is not above `key`. O(log n).
  package func floor(_ key: UInt64) -> RangeEntry? {
    cursor(floor: key)?.entry
  }

  /// The least entry, in order, that reaches `key` or lies beyond it: its `last` is not below `key`. O(log n).
  package func firstReaching(_ key: UInt64) -> RangeEntry? {
    guard var node = root else { return nil }
    while !node.isLeaf {
      var position = 0
      while position < node.count, unsafe node.branches[position].summary.last < key { position += 1 }
      guard position < node.count else { return nil }
      node = node.child(position)
    }
    for position in 0..<node.count where node.entry(position).last >= key {
      return node.entry(position)
    }
    return nil
  }

  /// The entry with exactly this range, whatever its payload. O(log n).
  package func exact(first: UInt64, last: UInt64) -> RangeEntry? {
    guard let cursor = cursor(from: RangeEntry(first: first, last: last, payload: 0)) else { return nil }
    let entry = cursor.entry
    return entry.first == first && entry.last == last ? entry : nil
  }

  /// A place in the tree that goes forward in order. It holds until the tree changes.
  package struct Cursor {
    var leaf: RangeNode
    var position: Int

    package var entry: RangeEntry { leaf.entry(position) }

    /// Goes to the next entry; false, and no move, at the end. O(1).
    package mutating func advance() -> Bool {
      if position + 1 < leaf.count {
        position += 1
        return true
      }
      guard let next = unsafe leaf.header.pointee.next else { return false }
      unsafe leaf = RangeNode(next)
      position = 0
      return true
    }
  }

  /// A cursor at the least entry that is not less than `entry`. O(log n).
  package func cursor(from entry: RangeEntry) -> Cursor? {
    guard var node = root else { return nil }
    while !node.isLeaf { node = node.child(node.route(entry)) }
    let position = node.lowerBound(entry)
    if position < node.count { return Cursor(leaf: node, position: position) }
    guard let next = unsafe node.header.pointee.next else { return nil }
    return unsafe Cursor(leaf: RangeNode(next), position: 0)
  }

  /// A cursor at the entry that ``floor(_:)`` answers. O(log n).
  package func cursor(floor key: UInt64) -> Cursor? {
    guard var node = root else { return nil }
    while !node.isLeaf { node = node.child(max(node.branchCount(upTo: key) - 1, 0)) }
    let position = node.entryCount(upTo: key) - 1
    // The way leads to the leaf of the greatest entry that begins at `key` or before it, if there is one at all.
    return position >= 0 ? Cursor(leaf: node, position: position) : nil
  }

  /// A cursor at the first entry, or at the first whose `first` is not below `key`. O(log n).
  package func cursor(from key: UInt64) -> Cursor? {
    cursor(from: RangeEntry(first: key, last: key, payload: 0))
  }
}
