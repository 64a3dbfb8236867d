// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension FlatTable {
  /// The entry, nil where there is not even a chunk.
  subscript(entry: UInt64) -> UInt64? {
    mutating get {
      guard let chunk = find(entry >> FlatChunk.shift) else { return nil }
      return unsafe chunk.entries[Self.index(entry)]
    }
  }

  /// Where `iova` leads, and how far entries of the same rights go on from there with addresses that follow each
  /// other, at most `limit` bytes. O(entries).
  mutating func stretch(from iova: UInt64, limit: UInt64) -> (start: Translation, length: UInt64)? {
    let size: UInt64 = 1 << shift
    let skew = iova & (size - 1)
    var number = iova >> shift
    guard let first = self[number], first != 0 else { return nil }
    let start = Translation(
      address: first & Self.addressMask + skew, pageSize: size,
      protection: Protection(rawValue: UInt8(first & 0b11)))
    var length = size - skew
    var wanted = first & ~Self.beginBit
    while length < limit, number < UInt64.max >> shift {
      number += 1
      wanted &+= size
      guard let entry = self[number], entry & ~Self.beginBit == wanted else { break }
      length += size
    }
    return (start, min(length, limit))
  }

  /// Appends the frames behind `slot`, all mapped, to `batch` until it is full. O(pages).
  ///
  /// - Returns: pages appended.
  mutating func read(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    if shift < Page.shift { return readParts(slot, into: &batch) }
    let count = slot.pages
    let start = slot.iova.rawValue >> shift
    var done: UInt64 = 0
    while done < count {
      let entry = start + done
      guard let chunk = find(entry >> FlatChunk.shift) else {
        preconditionFailure("reading what is not mapped")
      }
      let index = Self.index(entry)
      let part = Int(truncatingIfNeeded: min(UInt64(FlatChunk.entries - index), count - done))
      let read = unsafe Self.append(chunk.entries + index, part, to: &batch)
      done += UInt64(read)
      if read < part { break }
    }
    return done
  }

  /// Appends the frames of `count` entries of 4 KiB and answers how many went in.
  private static func append(
    _ entries: UnsafeMutablePointer<UInt64>, _ count: Int, to batch: inout RunBatch
  ) -> Int {
    var position = 0
    while position < count {
      let address = unsafe entries[position] & Self.addressMask
      assert(unsafe entries[position] != 0, "reading what is not mapped")
      let start = position
      var next = address
      repeat {
        position &+= 1
        next &+= Page.size
      } while unsafe position < count && entries[position] & Self.addressMask == next
      let run = FrameRun(
        pfn: PFN(address >> Page.shift), count: UInt64(truncatingIfNeeded: position &- start))
      guard batch.append(run) else { return start }
    }
    return count
  }

  /// As ``read(_:into:)`` where a page has several entries, or where the first page has less than all of them.
  private mutating func readParts(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    let count = slot.pages
    for page in 0..<count {
      guard let value = self[entry(of: page, in: slot)], value != 0 else {
        preconditionFailure("reading what is not mapped")
      }
      guard batch.append(FrameRun(pfn: PFN(value >> Page.shift), count: 1)) else { return page }
    }
    return count
  }

  /// Chunks, and entries in use. O(chunks).
  func census() -> TableLevel {
    var level = TableLevel(level: 1, entrySize: 1 << shift, isLeafLevel: true)
    level.tables = UInt64(chunks.count)
    level.leaves = chunks.values.reduce(0) { $0 + UInt64($1.used) }
    return level
  }

  /// Looks at every chunk: its count is right and it is not empty. For tests. O(entries).
  func _checkInvariants() {
    for chunk in chunks.values {
      var used = 0
      for index in 0..<FlatChunk.entries where unsafe chunk.entries[index] != 0 { used += 1 }
      precondition(used == chunk.used, "a chunk counts \(chunk.used) entries and has \(used)")
      precondition(used > 0, "an empty chunk was left")
    }
  }
}
