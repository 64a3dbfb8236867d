// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// The tree of a second-stage table: real pages of real entries, and nothing beside them.
///
/// It need not know where one map ends and the next begins: each run is mapped by itself, so no leaf ever belongs
/// to two maps.
@safe
struct VTDTable: ~Copyable {
  /// 4 or 5.
  let levels: Int
  /// Levels that may have leaves: bit n for level n.
  let leafLevels: UInt64
  var pages: VTDPages
  /// An entry that names the top table, as a context entry would.
  let root: UnsafeMutablePointer<VTDEntry>

  /// - Throws: ``Refusal/tableMemory`` without memory for the top table.
  init(
    levels: Int, pageSizes: PageSizes, pool: VTDPagePool, pageLimit: UInt64, budget: (any TableBudget)?
  ) throws(Refusal) {
    var pages = VTDPages(pool: pool, limit: pageLimit, budget: budget)
    guard let top = unsafe pages.take() else { throw .tableMemory }
    self.levels = levels
    self.pages = pages
    leafLevels = (1...levels).reduce(0) { mask, level in
      pageSizes.rawValue & VTDLevel.size(level) != 0 ? mask | 1 << UInt64(level) : mask
    }
    unsafe root = .allocate(capacity: 1)
    unsafe root.initialize(to: VTDEntry(table: top))
  }

  deinit {
    var pages = pages
    unsafe Self.freeTables(below: root.pointee, level: levels, to: &pages)
    unsafe root.deallocate()
  }

  private static func freeTables(below entry: VTDEntry, level: Int, to pages: inout VTDPages) {
    let table = unsafe entry.table
    if level > 1 {
      for index in 0..<VTDLevel.entries {
        let child = unsafe table[index]
        if !child.isEmpty, !child.isLeaf(level: level) {
          freeTables(below: child, level: level - 1, to: &pages)
        }
      }
    }
    unsafe pages.giveBack(table)
  }

  // MARK: Mapping

  /// Maps `runs` one after the other from `start` on, each with the largest leaves that its alignment and length
  /// allow, or with the smallest alone. O(leaves).
  ///
  /// - Returns: false when memory for a table is missing; nothing is mapped then.
  mutating func map(
    _ runs: UnsafeBufferPointer<FrameRun>, at start: UInt64, protection: Protection, smallLeaves: Bool
  ) -> Bool {
    var filling = unsafe Filling(iova: start, parent: root, table: root.pointee.table)
    for position in 0..<runs.count {
      let run = unsafe runs[position]
      var address = run.pfn.address
      var rest = run.count << Page.shift
      while rest > 0 {
        let level = smallLeaves ? 1 : leafLevel(filling.iova | address, rest)
        // The lowest level by a constant, which makes most of what follows constant.
        let bytes =
          level == 1
          ? put(address, rest, level: 1, protection, &filling)
          : putLarge(address, rest, level: level, protection, &filling)
        guard bytes > 0 else {
          if filling.iova > start { unmap(first: start, last: filling.iova - 1) }
          return false
        }
        address &+= bytes
        rest &-= bytes
      }
    }
    filling.count()
    return true
  }

  /// How far a map has come.
  @safe
  private struct Filling {
    var iova: UInt64
    /// The entry that names the table which the last leaf went to, and where that table stands.
    var parent: UnsafeMutablePointer<VTDEntry>
    var table: UnsafeMutablePointer<VTDEntry>
    var level = 0
    var tag: UInt64 = 0
    /// Leaves that the parent does not count yet.
    var added: UInt64 = 0

    mutating func count() {
      unsafe parent.pointee.rawValue += added * VTDEntry.countUnit
      added = 0
    }
  }

  /// Puts leaves of `level` for at most `rest` bytes from `address` on into one table and answers their bytes, or 0
  /// when memory for a table is missing.
  @inline(__always)
  private mutating func put(
    _ address: UInt64, _ rest: UInt64, level: Int, _ protection: Protection, _ filling: inout Filling
  ) -> UInt64 {
    let shift = VTDLevel.shift(level)
    let tag = filling.iova >> (shift + 9)
    if level != filling.level || tag != filling.tag {
      guard enter(level, tag, &filling) else { return 0 }
    }
    let index = VTDLevel.index(filling.iova, level)
    let count = min(UInt64(truncatingIfNeeded: VTDLevel.entries &- index), rest >> shift)
    let leaf = address | VTDEntry.leafBits(protection, level: level)
    let entries = unsafe filling.table + index
    for step in 0..<Int(truncatingIfNeeded: count) {
      assert(unsafe entries[step].isEmpty, "something is mapped here")
      unsafe entries[step].rawValue = leaf &+ UInt64(truncatingIfNeeded: step) &<< shift
    }
    filling.added &+= count
    filling.iova &+= count &<< shift
    return count &<< shift
  }

  /// As `put`, apart from the loop over small runs, which it would only slow down.
  @inline(never)
  private mutating func putLarge(
    _ address: UInt64, _ rest: UInt64, level: Int, _ protection: Protection, _ filling: inout Filling
  ) -> UInt64 {
    put(address, rest, level: level, protection, &filling)
  }

  /// Goes to the table of `level` for the IOVA, which is made where it is missing.
  private mutating func enter(_ level: Int, _ tag: UInt64, _ filling: inout Filling) -> Bool {
    filling.count()
    guard let entry = unsafe makeTable(level: level, for: filling.iova) else { return false }
    unsafe filling.parent = entry
    unsafe filling.table = entry.pointee.table
    filling.level = level
    filling.tag = tag
    return true
  }

  /// The highest level whose leaves fit `rest` bytes and the alignment of the IOVA and the address.
  @inline(__always)
  private func leafLevel(_ alignment: UInt64, _ rest: UInt64) -> Int {
    guard rest >= VTDLevel.size(2) else { return 1 }
    var level = levels
    while level > 1 {
      let size = VTDLevel.size(level)
      if leafLevels & 1 << UInt64(level) != 0, rest >= size, alignment & (size - 1) == 0 { return level }
      level -= 1
    }
    return 1
  }

  /// The entry that names the table of `level` for `iova`, which is made with all tables above it where they are
  /// missing; nil, and nothing made, without memory.
  private mutating func makeTable(level: Int, for iova: UInt64) -> UnsafeMutablePointer<VTDEntry>? {
    var entry = unsafe root
    var at = levels
    while at > level {
      let child = unsafe entry.pointee.table + VTDLevel.index(iova, at)
      if unsafe child.pointee.isEmpty {
        guard let page = unsafe pages.take() else {
          prune(iova)
          return nil
        }
        unsafe child.pointee = VTDEntry(table: page)
        unsafe entry.pointee.rawValue += VTDEntry.countUnit
      }
      assert(unsafe !child.pointee.isLeaf(level: at), "a leaf lies in the way")
      unsafe entry = child
      at -= 1
    }
    return unsafe entry
  }

  /// Gives back the empty tables on the way to `iova`.
  private mutating func prune(_ iova: UInt64) {
    unsafe prune(root, level: levels, iova)
  }

  private mutating func prune(_ entry: UnsafeMutablePointer<VTDEntry>, level: Int, _ iova: UInt64) {
    guard level > 1 else { return }
    let child = unsafe entry.pointee.table + VTDLevel.index(iova, level)
    guard unsafe !child.pointee.isEmpty, unsafe !child.pointee.isLeaf(level: level) else { return }
    unsafe prune(child, level: level - 1, iova)
    if unsafe child.pointee.count == 0 { unsafe drop(child, from: entry) }
  }

  /// Gives back the table that `child`, an entry of the table that `entry` names, names.
  private mutating func drop(
    _ child: UnsafeMutablePointer<VTDEntry>, from entry: UnsafeMutablePointer<VTDEntry>
  ) {
    unsafe pages.giveBack(child.pointee.table)
    unsafe child.pointee = .empty
    unsafe entry.pointee.rawValue -= VTDEntry.countUnit
  }

  // MARK: Unmapping

  /// Empties all leaves in `first`...`last`, none of which reaches out of it, and gives emptied tables back.
  /// O(leaves), less where whole tables go.
  mutating func unmap(first: UInt64, last: UInt64) {
    unsafe clear(root, level: levels, first: first, last: last)
  }

  /// Clears `first`...`last`, which lies in the table that `entry` names.
  private mutating func clear(
    _ entry: UnsafeMutablePointer<VTDEntry>, level: Int, first: UInt64, last: UInt64
  ) {
    let table = unsafe entry.pointee.table
    let low = VTDLevel.index(first, level)
    let high = VTDLevel.index(last, level)
    if level == 1 {
      let count = UInt64(high - low + 1)
      assert((low...high).allSatisfy { unsafe !table[$0].isEmpty }, "unmapping what is not mapped")
      unsafe entry.pointee.rawValue -= count * VTDEntry.countUnit
      // A table that has become empty is given back as it is.
      if unsafe entry.pointee.count > 0 { unsafe (table + low).update(repeating: .empty, count: Int(count)) }
      return
    }
    let size = VTDLevel.size(level)
    var start = first
    for index in low...high {
      let child = unsafe table + index
      let end = min(last, start | (size - 1))
      precondition(unsafe !child.pointee.isEmpty, "unmapping what is not mapped")
      if unsafe child.pointee.isLeaf(level: level) {
        precondition(end - start == size - 1, "an unmap would split a leaf")
        unsafe child.pointee = .empty
        unsafe entry.pointee.rawValue -= VTDEntry.countUnit
      } else {
        unsafe clear(child, level: level - 1, first: start, last: end)
        if unsafe child.pointee.count == 0 { unsafe drop(child, from: entry) }
      }
      start = end &+ 1
    }
  }
}
