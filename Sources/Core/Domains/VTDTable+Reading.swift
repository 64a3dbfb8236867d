// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension VTDTable {
  /// The leaf that translates `iova` and its level, or nil. O(levels).
  @inline(__always)
  func leaf(at iova: UInt64) -> (entry: UnsafeMutablePointer<VTDEntry>, level: Int)? {
    var entry = unsafe root
    var level = levels
    while true {
      unsafe entry = entry.pointee.table + VTDLevel.index(iova, level)
      if unsafe entry.pointee.isEmpty { return nil }
      if unsafe entry.pointee.isLeaf(level: level) { return unsafe (entry, level) }
      level -= 1
    }
  }

  /// Where `iova` leads, and how far leaves of the same size and rights go on from there with addresses that follow
  /// each other, at most `limit` bytes. O(leaves).
  func stretch(from iova: UInt64, limit: UInt64) -> (start: Translation, length: UInt64)? {
    guard let (first, level) = unsafe leaf(at: iova) else { return nil }
    let size = VTDLevel.size(level)
    let skew = iova & (size - 1)
    let start = unsafe Translation(
      address: first.pointee.address + skew, pageSize: size, protection: first.pointee.protection)
    var length = size - skew
    var wanted = unsafe first.pointee.rawValue &+ size
    var leaf = unsafe first
    while length < limit {
      let next = iova &+ length
      if VTDLevel.index(next, level) > 0 {
        unsafe leaf += 1
      } else {
        // Behind the end of a table the way leads from the top again.
        guard next > iova, next >> VTDLevel.shift(levels + 1) == 0,
          let (found, foundLevel) = unsafe self.leaf(at: next), foundLevel == level
        else { break }
        unsafe leaf = found
      }
      guard unsafe leaf.pointee.rawValue == wanted else { break }
      length += size
      wanted &+= size
    }
    return (start, min(length, limit))
  }

  /// Appends the frames behind `count` pages from `start` on, all mapped, to `batch` until it is full. O(leaves).
  ///
  /// - Returns: pages appended.
  func read(from start: UInt64, count: UInt64, into batch: inout RunBatch) -> UInt64 {
    var done: UInt64 = 0
    // The run that grows; it is appended when it ends.
    var pfn: UInt64 = 0
    var length: UInt64 = 0
    while done + length < count {
      let iova = start + (done + length) << Page.shift
      guard let (leaf, level) = unsafe leaf(at: iova) else {
        preconditionFailure("reading what is not mapped")
      }
      if level > 1 {
        let inside = (iova & (VTDLevel.size(level) - 1)) >> Page.shift
        let first = unsafe leaf.pointee.address >> Page.shift + inside
        let pages = min(count - done - length, VTDLevel.size(level) >> Page.shift - inside)
        if first == pfn + length {
          length += pages
        } else {
          guard Self.append(pfn, length, &done, &batch) else { return done }
          pfn = first
          length = pages
        }
        continue
      }
      let entries = min(count - done - length, UInt64(VTDLevel.entries - VTDLevel.index(iova, 1)))
      for index in 0..<Int(truncatingIfNeeded: entries) {
        let next = unsafe leaf[index].address >> Page.shift
        assert(unsafe !leaf[index].isEmpty, "reading what is not mapped")
        if next == pfn &+ length {
          length &+= 1
        } else {
          guard Self.append(pfn, length, &done, &batch) else { return done }
          pfn = next
          length = 1
        }
      }
    }
    _ = Self.append(pfn, length, &done, &batch)
    return done
  }

  @inline(__always)
  private static func append(
    _ pfn: UInt64, _ length: UInt64, _ done: inout UInt64, _ batch: inout RunBatch
  ) -> Bool {
    if length == 0 { return true }
    guard batch.append(FrameRun(pfn: PFN(pfn), count: length)) else { return false }
    done &+= length
    return true
  }

  /// Tables and leaves of each level, from the top down. Looks at all tables but the lowest, whose entries the level
  /// above counts: O(tables).
  func census() -> [TableLevel] {
    var result = (1...levels).reversed().map { level in
      TableLevel(
        level: level, entrySize: VTDLevel.size(level), isLeafLevel: leafLevels & 1 << UInt64(level) != 0)
    }
    func look(_ entry: VTDEntry, _ level: Int) {
      let position = levels - level
      result[position].tables += 1
      guard level > 1 else {
        result[position].leaves += entry.count
        return
      }
      for index in 0..<VTDLevel.entries {
        let child = unsafe entry.table[index]
        if child.isEmpty { continue }
        if child.isLeaf(level: level) { result[position].leaves += 1 } else { look(child, level - 1) }
      }
    }
    unsafe look(root.pointee, levels)
    return result
  }

  /// Looks at every table: entries are counted right, none but the top one is empty, leaves stand where leaves may
  /// and lead to addresses of their alignment. For tests.
  func _checkInvariants() {
    var tables: UInt64 = 0
    func check(_ entry: VTDEntry, _ level: Int) {
      tables += 1
      var count: UInt64 = 0
      for index in 0..<VTDLevel.entries {
        let child = unsafe entry.table[index]
        if child.isEmpty { continue }
        count += 1
        guard child.isLeaf(level: level) else {
          check(child, level - 1)
          continue
        }
        precondition(leafLevels & 1 << UInt64(level) != 0, "a leaf on a level without leaves")
        precondition(child.address & (VTDLevel.size(level) - 1) == 0, "a leaf leads to a crooked address")
        precondition(!child.protection.isEmpty, "a leaf without rights")
        precondition(child.count == 0, "a leaf that counts")
      }
      precondition(count == entry.count, "a table counts \(entry.count) entries and has \(count)")
      precondition(count > 0 || level == levels, "an empty table was left")
    }
    unsafe check(root.pointee, levels)
    precondition(tables == pages.used, "\(pages.used) pages are in use, but the tree has \(tables)")
  }
}
