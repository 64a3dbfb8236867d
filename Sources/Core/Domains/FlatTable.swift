// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// One entry for each page of the aperture: the bus address, the rights in bits 0 and 1, and in bit 2 whether a map
/// begins here, so that a debug build notices an unmap that begins or ends inside a map.
@safe
struct FlatTable: ~Copyable {
  /// Base-2 logarithm of the page size: 10...12.
  let shift: UInt64
  private let pool: FlatChunkPool
  private let chunkLimit: Int
  private var chunks: [UInt64: FlatChunk] = [:]
  /// The chunk used last, since neighbours mostly follow each other.
  private var recent: (number: UInt64, chunk: FlatChunk)?

  static let beginBit: UInt64 = 0b100
  static let addressMask: UInt64 = ~0x3ff

  init(shift: UInt64, pool: FlatChunkPool, chunkLimit: Int) {
    self.shift = shift
    self.pool = pool
    self.chunkLimit = chunkLimit
  }

  deinit {
    for chunk in chunks.values { chunk.free() }
  }

  var bytes: UInt64 { UInt64(chunks.count * FlatChunk.bytes) }

  // MARK: Chunks

  @inline(__always)
  private mutating func find(_ number: UInt64) -> FlatChunk? {
    if let recent, recent.number == number { return recent.chunk }
    guard let chunk = chunks[number] else { return nil }
    recent = (number, chunk)
    return chunk
  }

  @inline(__always)
  private mutating func findOrMake(_ number: UInt64) -> FlatChunk? {
    find(number) ?? make(number)
  }

  private mutating func make(_ number: UInt64) -> FlatChunk? {
    guard chunks.count < chunkLimit, let chunk = pool.take() else { return nil }
    chunks[number] = chunk
    recent = (number, chunk)
    return chunk
  }

  private mutating func drop(_ number: UInt64, _ chunk: FlatChunk) {
    chunks[number] = nil
    recent = nil
    pool.giveBack(chunk)
  }

  private static func index(_ entry: UInt64) -> Int {
    Int(truncatingIfNeeded: entry) & (FlatChunk.entries - 1)
  }

  // MARK: Mapping

  /// Maps `runs` one after the other at `slot`; with `singlePages` a map begins at each page. O(entries).
  ///
  /// - Returns: false when memory for a chunk is missing; nothing is mapped then.
  mutating func map(
    _ runs: UnsafeBufferPointer<FrameRun>, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) -> Bool {
    var entry = slot.iova.rawValue >> shift
    var left = slot.length
    var skew = slot.skew
    let rights = UInt64(protection.rawValue)
    for position in 0..<runs.count {
      let run = unsafe runs[position]
      let bytes = min(run.count << Page.shift - skew, left)
      var value = (run.pfn.address + skew) | rights
      var rest = Int(truncatingIfNeeded: bytes >> shift)
      var begin = Self.beginBit
      while rest > 0 {
        guard let chunk = findOrMake(entry >> FlatChunk.shift) else {
          undo(slot, before: entry)
          return false
        }
        let index = Self.index(entry)
        let count = min(FlatChunk.entries - index, rest)
        let entries = unsafe chunk.entries + index
        assert((0..<count).allSatisfy { unsafe entries[$0] == 0 }, "something is mapped here")
        unsafe Self.fill(entries, count, value, shift)
        unsafe entries[0] |= begin
        begin = 0
        chunk.used += count
        entry += UInt64(truncatingIfNeeded: count)
        value += UInt64(truncatingIfNeeded: count) << shift
        rest -= count
      }
      left -= bytes
      skew = 0
    }
    if singlePages { markPages(of: slot) }
    return true
  }

  @inline(__always)
  private static func fill(
    _ entries: UnsafeMutablePointer<UInt64>, _ count: Int, _ value: UInt64, _ shift: UInt64
  ) {
    for step in 0..<count { unsafe entries[step] = value &+ UInt64(truncatingIfNeeded: step) &<< shift }
  }

  private mutating func undo(_ slot: DomainSlot, before entry: UInt64) {
    let first = slot.iova.rawValue >> shift
    if entry > first { unmap(first: first, count: entry - first) }
  }

  /// Lets a map begin at each page of `slot`. O(pages).
  private mutating func markPages(of slot: DomainSlot) {
    for page in 0..<slot.pages {
      let entry = self.entry(of: page, in: slot)
      guard let chunk = find(entry >> FlatChunk.shift) else { preconditionFailure("a chunk is missing") }
      unsafe chunk.entries[Self.index(entry)] |= Self.beginBit
    }
  }

  /// The first entry of a page of `slot`.
  @inline(__always)
  private func entry(of page: UInt64, in slot: DomainSlot) -> UInt64 {
    (slot.iova.rawValue + (page == 0 ? 0 : page << Page.shift - slot.skew)) >> shift
  }

  // MARK: Unmapping

  /// Empties `count` entries from `first` on, all of which are in use. O(entries).
  mutating func unmap(first: UInt64, count: UInt64) {
    assert(begins(at: first), "an unmap begins inside a map")
    assert(begins(at: first + count), "an unmap ends inside a map")
    var entry = first
    var rest = count
    while rest > 0 {
      let number = entry >> FlatChunk.shift
      guard let chunk = find(number) else { preconditionFailure("unmapping what is not mapped") }
      let index = Self.index(entry)
      let part = Int(truncatingIfNeeded: min(UInt64(FlatChunk.entries - index), rest))
      let entries = unsafe chunk.entries + index
      assert((0..<part).allSatisfy { unsafe entries[$0] != 0 }, "unmapping what is not mapped")
      unsafe entries.update(repeating: 0, count: part)
      chunk.used -= part
      if chunk.used == 0 { drop(number, chunk) }
      entry += UInt64(part)
      rest -= UInt64(part)
    }
  }

  /// Whether no map goes on at `entry` that began before it.
  private mutating func begins(at entry: UInt64) -> Bool {
    guard let value = self[entry], value != 0 else { return true }
    return value & Self.beginBit != 0
  }

  // MARK: Reading

  /// The entry, nil where there is not even a chunk.
  subscript(entry: UInt64) -> UInt64? {
    mutating get {
      guard let chunk = find(entry >> FlatChunk.shift) else { return nil }
      return unsafe chunk.entries[Self.index(entry)]
    }
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
