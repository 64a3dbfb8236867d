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
  init(levels: Int, pageSizes: PageSizes, pageLimit: UInt64) throws(Refusal) {
    var pages = VTDPages(limit: pageLimit)
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
    var iova = start
    // The table that the last leaf went to, by the entry that names it, and the leaves not counted there yet.
    var parent = unsafe root
    var parentLevel = 0
    var parentTag: UInt64 = 0
    var table = unsafe root.pointee.table
    var added: UInt64 = 0
    for position in 0..<runs.count {
      let run = unsafe runs[position]
      var address = run.pfn.address
      var rest = run.count << Page.shift
      while rest > 0 {
        let level = smallLeaves ? 1 : leafLevel(iova | address, rest)
        let shift = VTDLevel.shift(level)
        if level != parentLevel || iova >> (shift + 9) != parentTag {
          unsafe parent.pointee.rawValue += added * VTDEntry.countUnit
          added = 0
          guard let entry = unsafe makeTable(level: level, for: iova) else {
            if iova > start { unmap(first: start, last: iova - 1) }
            return false
          }
          unsafe parent = entry
          unsafe table = entry.pointee.table
          parentLevel = level
          parentTag = iova >> (shift + 9)
        }
        let index = VTDLevel.index(iova, level)
        let count = min(UInt64(VTDLevel.entries - index), rest >> shift)
        let bits = VTDEntry.leafBits(protection, level: level)
        for step in 0..<count {
          assert(unsafe table[index + Int(step)].isEmpty, "something is mapped here")
          unsafe table[index &+ Int(truncatingIfNeeded: step)].rawValue = (address &+ step << shift) | bits
        }
        added += count
        let bytes = count << shift
        iova += bytes
        address += bytes
        rest -= bytes
      }
    }
    unsafe parent.pointee.rawValue += added * VTDEntry.countUnit
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
