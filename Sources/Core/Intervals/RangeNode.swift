// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What a subtree says about itself, so that a search can pass it by.
struct RangeSummary: BitwiseCopyable {
  /// The greatest `last` in the subtree.
  var last: UInt64
  /// The most numbers that lie free between two neighbours of the subtree. An upper bound where entries overlap.
  var gap: UInt64
}

/// A node of a ``RangeTree``: a header with the entries of a leaf, or the branches of an inner node, behind it.
@safe
struct RangeNode: BitwiseCopyable {
  @safe
  struct Header: BitwiseCopyable {
    var count: Int32
    /// Entries or branches that fit.
    var capacity: Int32
    /// 0 for a leaf.
    var level: Int
    /// Neighbouring leaves, in order.
    var previous: UnsafeMutableRawPointer?
    var next: UnsafeMutableRawPointer?
  }

  /// A way down: the least entry below, the summary of what lies below, and the node.
  @safe
  struct Branch: BitwiseCopyable {
    var low: RangeEntry
    var summary: RangeSummary
    var child: UnsafeMutableRawPointer
  }

  /// What a full node holds. Small enough for a summary to be made anew after each change.
  static let fanOut = 32

  let base: UnsafeMutableRawPointer

  @inline(__always) init(_ base: UnsafeMutableRawPointer) { unsafe self.base = base }

  static func makeLeaf(capacity: Int) -> RangeNode {
    make(capacity: capacity, level: 0, stride: MemoryLayout<RangeEntry>.stride)
  }

  static func makeInner(level: Int) -> RangeNode {
    make(capacity: fanOut, level: level, stride: MemoryLayout<Branch>.stride)
  }

  private static func make(capacity: Int, level: Int, stride: Int) -> RangeNode {
    let base = unsafe Heap.take(MemoryLayout<Header>.stride + capacity * stride)
    unsafe base.bindMemory(to: Header.self, capacity: 1).initialize(
      to: Header(count: 0, capacity: Int32(capacity), level: level, previous: nil, next: nil))
    return unsafe RangeNode(base)
  }

  func free() { unsafe Heap.give(base) }

  @inline(__always) var header: UnsafeMutablePointer<Header> {
    unsafe base.assumingMemoryBound(to: Header.self)
  }
  @inline(__always) var entries: UnsafeMutablePointer<RangeEntry> {
    unsafe (base + MemoryLayout<Header>.stride).assumingMemoryBound(to: RangeEntry.self)
  }
  @inline(__always) var branches: UnsafeMutablePointer<Branch> {
    unsafe (base + MemoryLayout<Header>.stride).assumingMemoryBound(to: Branch.self)
  }
  @inline(__always) var count: Int {
    get { unsafe Int(header.pointee.count) }
    nonmutating set { unsafe header.pointee.count = Int32(truncatingIfNeeded: newValue) }
  }
  @inline(__always) var capacity: Int { unsafe Int(header.pointee.capacity) }
  @inline(__always) var level: Int { unsafe header.pointee.level }
  @inline(__always) var isLeaf: Bool { level == 0 }

  @inline(__always) func entry(_ position: Int) -> RangeEntry { unsafe entries[position] }
  @inline(__always) func child(_ position: Int) -> RangeNode {
    unsafe RangeNode(branches[position].child)
  }

  /// The least entry at or below this node, which is not empty.
  var low: RangeEntry { unsafe isLeaf ? entries[0] : branches[0].low }

  /// Bytes that the node takes from the heap.
  var bytes: UInt64 {
    let stride = isLeaf ? MemoryLayout<RangeEntry>.stride : MemoryLayout<Branch>.stride
    return UInt64(MemoryLayout<Header>.stride + capacity * stride)
  }

  /// The summary of a node that is not empty. O(fan-out).
  func summary() -> RangeSummary {
    var gap: UInt64 = 0
    var last: UInt64
    if isLeaf {
      unsafe last = entries[0].last
      for position in 1..<max(count, 1) {
        let entry = unsafe entries[position]
        if entry.first > last { gap = max(gap, entry.first - last - 1) }
        last = max(last, entry.last)
      }
    } else {
      unsafe gap = branches[0].summary.gap
      unsafe last = branches[0].summary.last
      for position in 1..<max(count, 1) {
        let branch = unsafe branches[position]
        if branch.low.first > last { gap = max(gap, branch.low.first - last - 1) }
        gap = max(gap, branch.summary.gap)
        last = max(last, branch.summary.last)
      }
    }
    return RangeSummary(last: last, gap: gap)
  }

  func branch() -> Branch { unsafe Branch(low: low, summary: summary(), child: base) }

  /// The first position of a leaf whose entry is not less than `entry`.
  func lowerBound(_ entry: RangeEntry) -> Int {
    let entries = unsafe entries
    return Self.count(count) { unsafe entries[$0] < entry }
  }

  /// Entries of a leaf that begin at `key` or before it.
  @inline(__always)
  func entryCount(upTo key: UInt64) -> Int {
    let entries = unsafe entries
    return Self.count(count) { unsafe entries[$0].first <= key }
  }

  /// Branches of an inner node whose least entry begins at `key` or before it.
  @inline(__always)
  func branchCount(upTo key: UInt64) -> Int {
    let branches = unsafe branches
    return Self.count(count) { unsafe branches[$0].low.first <= key }
  }

  /// How many of the first positions `isBelow` holds for, as it does for none behind them.
  @inline(__always)
  private static func count(_ count: Int, _ isBelow: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low &+ high) &>> 1
      if isBelow(middle) { low = middle &+ 1 } else { high = middle }
    }
    return low
  }

  /// The last branch whose least entry is not greater than `entry`, else the first.
  func route(_ entry: RangeEntry) -> Int {
    let branches = unsafe branches
    return max(Self.count(count) { unsafe !(entry < branches[$0].low) } - 1, 0)
  }
}
