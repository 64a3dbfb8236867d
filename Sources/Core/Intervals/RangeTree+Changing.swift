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
    guard var root, Self.remove(entry, under: root) != .absent else { return false }
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

  private enum Removal {
    case absent
    /// Removed, and what branches say of the node holds on, or does not.
    case unchanged, changed
  }

  private static func remove(_ entry: RangeEntry, under node: RangeNode) -> Removal {
    if node.isLeaf {
      let position = node.lowerBound(entry)
      guard position < node.count, node.entry(position) == entry else { return .absent }
      unsafe close(node.entries, at: position, count: node.count)
      node.count -= 1
      return .changed
    }
    let position = node.route(entry)
    let child = node.child(position)
    let removal = remove(entry, under: child)
    guard removal == .changed else { return removal }
    if child.count == 0 {
      drop(position, of: node)
      return .changed
    }
    let changed = refresh(position, of: node)
    if child.count < RangeNode.fanOut / 4 {
      if position + 1 < node.count {
        merge(position, of: node)
      } else if position > 0 {
        merge(position - 1, of: node)
      }
    }
    return changed ? .changed : .unchanged
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
}
