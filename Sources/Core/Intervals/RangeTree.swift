// SPDX-License-Identifier: Apache-2.0

/// An ordered set of ranges: the engine's interval trees, its map of IOVAs and the directory of its PFN store.
///
/// A B+ tree over plain words with nodes of up to 32 entries. Each branch carries the greatest end and the
/// largest gap below it, so that the next overlap and the lowest hole of a size are both found in O(log n). A
/// tree of one entry takes one small leaf.
@safe
package struct RangeTree: ~Copyable {
  private var root: RangeNode?
  /// Entries held.
  package private(set) var count = 0

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
    fileprivate var leaf: RangeNode
    fileprivate var position: Int

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
    let bound = RangeEntry(first: key, last: .max, payload: .max)
    guard var node = root else { return nil }
    while !node.isLeaf { node = node.child(node.route(bound)) }
    let position = node.lowerBound(bound)
    if position < node.count, node.entry(position) == bound { return Cursor(leaf: node, position: position) }
    // The route leads to the leaf of the greatest entry not above the bound, if there is one at all.
    return position > 0 ? Cursor(leaf: node, position: position - 1) : nil
  }

  /// A cursor at the first entry, or at the first whose `first` is not below `key`. O(log n).
  package func cursor(from key: UInt64) -> Cursor? {
    cursor(from: RangeEntry(first: key, last: key, payload: 0))
  }

  // MARK: Holes

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

  // MARK: Changing

  /// Adds `entry`, which must not be in the tree. O(log n).
  package mutating func insert(_ entry: RangeEntry) {
    count += 1
    guard let root else {
      let leaf = RangeNode.makeLeaf(capacity: 1)
      unsafe leaf.entries.initialize(to: entry)
      leaf.count = 1
      self.root = leaf
      return
    }
    if root.isLeaf, root.count == root.capacity, root.capacity < RangeNode.fanOut {
      self.root = Self.grown(root)
    }
    guard let root = self.root, let right = Self.insert(entry, under: root) else { return }
    let top = RangeNode.makeInner(level: root.level + 1)
    unsafe top.branches.initialize(to: root.branch())
    unsafe (top.branches + 1).initialize(to: right.branch())
    top.count = 2
    self.root = top
  }

  /// A lone leaf grows 1, 4, 16, 32, so that the many trees of one entry stay small.
  private static func grown(_ leaf: RangeNode) -> RangeNode {
    let larger = RangeNode.makeLeaf(capacity: min(leaf.capacity * 4, RangeNode.fanOut))
    unsafe larger.entries.update(from: leaf.entries, count: leaf.count)
    larger.count = leaf.count
    leaf.free()
    return larger
  }

  /// Inserts below `node` and answers the new right neighbour if the node had to be split.
  private static func insert(_ entry: RangeEntry, under node: RangeNode) -> RangeNode? {
    if node.isLeaf {
      let position = node.lowerBound(entry)
      assert(position == node.count || node.entry(position) != entry)
      return insertItem(entry, into: node, at: position)
    }
    let position = node.route(entry)
    let child = node.child(position)
    let right = insert(entry, under: child)
    unsafe node.branches[position] = child.branch()
    guard let right else { return nil }
    return insertBranch(right.branch(), into: node, at: position + 1)
  }

  private static func insertItem(_ entry: RangeEntry, into leaf: RangeNode, at position: Int) -> RangeNode? {
    if leaf.count < leaf.capacity {
      unsafe shift(leaf.entries, from: position, count: leaf.count)
      unsafe leaf.entries[position] = entry
      leaf.count += 1
      return nil
    }
    let right = RangeNode.makeLeaf(capacity: RangeNode.fanOut)
    link(right, after: leaf)
    let keep = splitPoint(position, leaf.count)
    unsafe right.entries.update(from: leaf.entries + keep, count: leaf.count - keep)
    right.count = leaf.count - keep
    leaf.count = keep
    let intoLeft = position < keep || (position == keep && keep < RangeNode.fanOut)
    _ = insertItem(entry, into: intoLeft ? leaf : right, at: intoLeft ? position : position - keep)
    return right
  }

  private static func insertBranch(
    _ branch: RangeNode.Branch, into node: RangeNode, at position: Int
  ) -> RangeNode? {
    if node.count < node.capacity {
      unsafe shift(node.branches, from: position, count: node.count)
      unsafe node.branches[position] = branch
      node.count += 1
      return nil
    }
    let right = RangeNode.makeInner(level: node.level)
    let keep = splitPoint(position, node.count)
    unsafe right.branches.update(from: node.branches + keep, count: node.count - keep)
    right.count = node.count - keep
    node.count = keep
    let intoLeft = position < keep || (position == keep && keep < RangeNode.fanOut)
    _ = insertBranch(branch, into: intoLeft ? node : right, at: intoLeft ? position : position - keep)
    return right
  }

  /// In the middle; at the end when that is where the new one goes, so that rising keys leave full nodes.
  private static func splitPoint(_ position: Int, _ count: Int) -> Int {
    position == count ? count : count / 2
  }

  private static func shift<T: BitwiseCopyable>(
    _ items: UnsafeMutablePointer<T>, from position: Int, count: Int
  ) {
    unsafe (items + position + 1).update(from: items + position, count: count - position)
  }

  private static func link(_ right: RangeNode, after left: RangeNode) {
    let next = unsafe left.header.pointee.next
    unsafe right.header.pointee.next = next
    unsafe right.header.pointee.previous = left.base
    unsafe left.header.pointee.next = right.base
    if let next = unsafe next { unsafe RangeNode(next).header.pointee.previous = right.base }
  }

  private static func unlink(_ leaf: RangeNode) {
    let next = unsafe leaf.header.pointee.next
    let previous = unsafe leaf.header.pointee.previous
    if let next = unsafe next { unsafe RangeNode(next).header.pointee.previous = previous }
    if let previous = unsafe previous { unsafe RangeNode(previous).header.pointee.next = next }
  }

  /// Takes `entry` out; false when it is not there. O(log n); takes no memory.
  @discardableResult
  package mutating func remove(_ entry: RangeEntry) -> Bool {
    guard var root, Self.remove(entry, under: root) else { return false }
    count -= 1
    while !root.isLeaf, root.count == 1 {
      let child = root.child(0)
      root.free()
      root = child
    }
    if root.count == 0 {
      root.free()
      self.root = nil
    } else {
      self.root = root
    }
    return true
  }

  private static func remove(_ entry: RangeEntry, under node: RangeNode) -> Bool {
    if node.isLeaf {
      let position = node.lowerBound(entry)
      guard position < node.count, node.entry(position) == entry else { return false }
      unsafe close(node.entries, at: position, count: node.count)
      node.count -= 1
      return true
    }
    let position = node.route(entry)
    let child = node.child(position)
    guard remove(entry, under: child) else { return false }
    if child.count == 0 {
      drop(position, of: node)
      return true
    }
    unsafe node.branches[position] = child.branch()
    if child.count < RangeNode.fanOut / 4 {
      if position + 1 < node.count {
        merge(position, of: node)
      } else if position > 0 {
        merge(position - 1, of: node)
      }
    }
    return true
  }

  private static func close<T: BitwiseCopyable>(
    _ items: UnsafeMutablePointer<T>, at position: Int, count: Int
  ) {
    unsafe (items + position).update(from: items + position + 1, count: count - position - 1)
  }

  private static func drop(_ position: Int, of node: RangeNode) {
    let child = node.child(position)
    if child.isLeaf { unlink(child) }
    child.free()
    unsafe close(node.branches, at: position, count: node.count)
    node.count -= 1
  }

  /// Joins a child with its right neighbour when both together leave room for more.
  private static func merge(_ position: Int, of node: RangeNode) {
    let left = node.child(position)
    let right = node.child(position + 1)
    guard left.count + right.count <= RangeNode.fanOut * 3 / 4 else { return }
    if left.isLeaf {
      // A lone leaf that never grew to full size cannot have a neighbour, so the capacity suffices.
      unsafe (left.entries + left.count).update(from: right.entries, count: right.count)
    } else {
      unsafe (left.branches + left.count).update(from: right.branches, count: right.count)
    }
    left.count += right.count
    drop(position + 1, of: node)
    unsafe node.branches[position] = left.branch()
  }

  /// Replaces the payload of `entry`, which must be in the tree and stay in its place in the order. O(log n).
  package mutating func setPayload(_ payload: UInt64, of entry: RangeEntry) {
    guard let cursor = cursor(from: entry), cursor.entry == entry else {
      preconditionFailure("no such entry")
    }
    unsafe cursor.leaf.entries[cursor.position].payload = payload
    // Branches name the least entry below them with its payload.
    if cursor.position == 0, let root, !root.isLeaf { Self.renameLow(entry, payload, under: root) }
  }

  private static func renameLow(_ entry: RangeEntry, _ payload: UInt64, under node: RangeNode) {
    var node = node
    while !node.isLeaf {
      let position = node.route(entry)
      if unsafe node.branches[position].low == entry { unsafe node.branches[position].low.payload = payload }
      node = node.child(position)
    }
  }

  // MARK: Invariants

  /// Order, links, counts and summaries of the whole tree. O(n); for tests and debug builds.
  package func _checkInvariants() {
    var seen = 0
    var previous: RangeEntry?
    var leaf: RangeNode?
    func check(_ node: RangeNode) {
      precondition(node.count > 0, "a node is empty")
      precondition(node.count <= node.capacity)
      if node.isLeaf {
        precondition(unsafe node.header.pointee.previous == leaf?.base, "leaves are not linked in order")
        if let leaf { precondition(unsafe leaf.header.pointee.next == node.base) }
        leaf = node
        for position in 0..<node.count {
          let entry = node.entry(position)
          if let previous { precondition(previous < entry, "entries are out of order") }
          previous = entry
          seen += 1
        }
        return
      }
      for position in 0..<node.count {
        let child = node.child(position)
        precondition(child.level == node.level - 1)
        check(child)
        let branch = unsafe node.branches[position]
        let summary = child.summary()
        precondition(branch.low == child.low, "a branch names another least entry")
        precondition(branch.summary.last == summary.last && branch.summary.gap == summary.gap)
      }
    }
    if let root { check(root) }
    if let leaf { precondition(unsafe leaf.header.pointee.next == nil) }
    precondition(seen == count, "the count is off")
  }
}
