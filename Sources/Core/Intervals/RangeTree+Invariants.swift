// SPDX-License-Identifier: Apache-2.0

extension RangeTree {
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
