// SPDX-License-Identifier: Apache-2.0

/// Insertion and removal.
extension RangeTree {
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
    guard let root = self.root, let right = Self.insert(entry, under: root).right else { return }
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

  /// Inserts below `node` and answers the new right neighbour if the node had to be split, and whether what a
  /// branch says of the node has changed.
  private static func insert(_ entry: RangeEntry, under node: RangeNode) -> (right: RangeNode?, changed: Bool)
  {
    if node.isLeaf {
      let position = node.lowerBound(entry)
      assert(position == node.count || node.entry(position) != entry)
      return (insertItem(entry, into: node, at: position), true)
    }
    let position = node.route(entry)
    let child = node.child(position)
    let (right, changed) = insert(entry, under: child)
    guard changed else { return (nil, false) }
    let old = unsafe node.branches[position]
    if let right {
      unsafe node.branches[position] = child.branch()
      return (insertBranch(right.branch(), into: node, at: position + 1), true)
    }
    if entry.first > old.summary.last {
      // Behind all that was there: no need to look at it again.
      unsafe node.branches[position].summary = RangeSummary(
        last: entry.last, gap: max(old.summary.gap, entry.first - old.summary.last - 1))
      return (nil, true)
    }
    return (nil, refresh(position, of: node))
  }

  /// Makes a branch anew from its child; answers whether it says something else now.
  private static func refresh(_ position: Int, of node: RangeNode) -> Bool {
    let old = unsafe node.branches[position]
    let new = node.child(position).branch()
    unsafe node.branches[position] = new
    return new.low != old.low || new.summary.last != old.summary.last || new.summary.gap != old.summary.gap
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
    guard let root else { return false }
    if case .absent = Self.remove(entry, under: root) { return false }
    count -= 1
    settleRoot(root)
    return true
  }

  /// Takes away the levels that a removal made unnecessary.
  private mutating func settleRoot(_ top: RangeNode) {
    var root = top
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
  }

  private enum Removal {
    case absent
    /// Removed, and what branches say of the node holds on, or does not.
    case unchanged, changed
    /// The least entry went, and with it a gap of this length behind it; no other entry reached into that.
    case raised(gap: UInt64)
  }

  private static func remove(_ entry: RangeEntry, under node: RangeNode) -> Removal {
    if node.isLeaf {
      let position = node.lowerBound(entry)
      guard position < node.count, node.entry(position) == entry else { return .absent }
      unsafe close(node.entries, position..<position + 1, count: node.count)
      node.count -= 1
      guard position == 0, node.count > 0, entry.last < node.entry(0).first else { return .changed }
      return .raised(gap: node.entry(0).first - entry.last - 1)
    }
    let position = node.route(entry)
    let child = node.child(position)
    switch remove(entry, under: child) {
    case .absent: return .absent
    case .unchanged: return .unchanged
    case .raised(let gap) where unsafe gap == 0 || gap < node.branches[position].summary.gap:
      // Others have the largest gap: nothing below need be looked at again.
      unsafe node.branches[position].low = child.low
      mergeIfSmall(position, of: node)
      return position == 0 ? .raised(gap: gap) : .changed
    case .raised, .changed:
      if child.count == 0 {
        drop(position, of: node)
        return .changed
      }
      let changed = refresh(position, of: node)
      mergeIfSmall(position, of: node)
      return changed ? .changed : .unchanged
    }
  }

  /// Takes out every entry that begins in `first`...`last` and hands each to `body`, in order.
  /// O(log n + entries taken out); takes no memory.
  package mutating func removeAll(from first: UInt64, through last: UInt64, _ body: (RangeEntry) -> Void) {
    guard let root else { return }
    let low = RangeEntry(first: first, last: first, payload: 0)
    count -= Self.removeAll(from: low, through: last, under: root, body)
    settleRoot(root)
  }

  /// Answers how many entries it took out.
  private static func removeAll(
    from low: RangeEntry, through last: UInt64, under node: RangeNode, _ body: (RangeEntry) -> Void
  ) -> Int {
    if node.isLeaf {
      let start = node.lowerBound(low)
      var end = start
      while end < node.count, unsafe node.entries[end].first <= last {
        body(node.entry(end))
        end += 1
      }
      unsafe close(node.entries, start..<end, count: node.count)
      node.count -= end - start
      return end - start
    }
    let start = node.route(low)
    var removed = 0
    var kept = start
    var position = start
    while position < node.count, unsafe node.branches[position].low.first <= last {
      let child = node.child(position)
      let gone = removeAll(from: low, through: last, under: child, body)
      if child.count == 0 {
        release(child)
      } else {
        unsafe node.branches[kept] = gone > 0 ? child.branch() : node.branches[position]
        kept += 1
      }
      removed += gone
      position += 1
    }
    unsafe close(node.branches, kept..<position, count: node.count)
    node.count -= position - kept
    // Only at the two ends are there nodes that have lost a part of their entries.
    if start < kept { mergeIfSmall(kept - 1, of: node) }
    if start < min(kept - 1, node.count) { mergeIfSmall(start, of: node) }
    return removed
  }

  /// Closes the gap at `gone`.
  private static func close<T: BitwiseCopyable>(
    _ items: UnsafeMutablePointer<T>, _ gone: Range<Int>, count: Int
  ) {
    unsafe (items + gone.lowerBound).update(from: items + gone.upperBound, count: count - gone.upperBound)
  }

  private static func drop(_ position: Int, of node: RangeNode) {
    release(node.child(position))
    unsafe close(node.branches, position..<position + 1, count: node.count)
    node.count -= 1
  }

  private static func release(_ node: RangeNode) {
    if node.isLeaf { unlink(node) }
    node.free()
  }

  /// Joins a child that has few entries left with a neighbour.
  private static func mergeIfSmall(_ position: Int, of node: RangeNode) {
    guard node.child(position).count < RangeNode.fanOut / 4 else { return }
    if position + 1 < node.count {
      merge(position, of: node)
    } else if position > 0 {
      merge(position - 1, of: node)
    }
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

  /// Replaces `entry`, which must be in the tree, by `new`, which has the same place in the order. O(log n); takes no
  /// memory.
  package mutating func replace(_ entry: RangeEntry, with new: RangeEntry) {
    guard let root else { preconditionFailure("no such entry") }
    _ = Self.replace(entry, with: new, under: root)
  }

  /// Answers whether what a branch says of `node` has changed.
  private static func replace(
    _ entry: RangeEntry, with new: RangeEntry, under node: RangeNode
  ) -> Bool {
    if node.isLeaf {
      let position = node.lowerBound(entry)
      precondition(position < node.count && node.entry(position) == entry, "no such entry")
      assert(position == 0 || node.entry(position - 1) < new)
      assert(position + 1 == node.count || new < node.entry(position + 1))
      unsafe node.entries[position] = new
      return position == 0 || new.first != entry.first || new.last != entry.last
    }
    let position = node.route(entry)
    return replace(entry, with: new, under: node.child(position)) && refresh(position, of: node)
  }
}
