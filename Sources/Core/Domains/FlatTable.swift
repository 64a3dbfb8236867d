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
  private let budget: (any TableBudget)?
  private(set) var chunks: [UInt64: FlatChunk] = [:]
  /// The chunk used last, since neighbours mostly follow each other.
  private var recent: (number: UInt64, chunk: FlatChunk)?

  static let beginBit: UInt64 = 0b100
  static let addressMask: UInt64 = ~0x3ff

  init(shift: UInt64, pool: FlatChunkPool, chunkLimit: Int, budget: (any TableBudget)?) {
    self.shift = shift
    self.pool = pool
    self.chunkLimit = chunkLimit
    self.budget = budget
  }

  deinit {
    for chunk in chunks.values { chunk.free() }
    if !chunks.isEmpty { budget?.give(tableBytes: bytes) }
  }

  var bytes: UInt64 { UInt64(chunks.count * FlatChunk.bytes) }

  // MARK: Chunks

  @inline(__always)
  mutating func find(_ number: UInt64) -> FlatChunk? {
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
    guard chunks.count < chunkLimit, budget?.take(tableBytes: UInt64(FlatChunk.bytes)) ?? true else {
      return nil
    }
    guard let chunk = pool.take() else {
      budget?.give(tableBytes: UInt64(FlatChunk.bytes))
      return nil
    }
    chunks[number] = chunk
    recent = (number, chunk)
    return chunk
  }

  private mutating func drop(_ number: UInt64, _ chunk: FlatChunk) {
    chunks[number] = nil
    recent = nil
    pool.giveBack(chunk)
    budget?.give(tableBytes: UInt64(FlatChunk.bytes))
  }

  static func index(_ entry: UInt64) -> Int {
    Int(truncatingIfNeeded: entry) & (FlatChunk.entries - 1)
  }

  // MARK: Mapping

  /// Maps `runs` one after the other at `slot`; with `singlePages` a map begins at each page. O(entries).
  ///
  /// - Returns: false when memory for a chunk is missing; nothing is mapped then.
  mutating func map(
    _ runs: UnsafeBufferPointer<FrameRun>, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) -> Bool {
    var filling = Filling(entry: slot.iova.rawValue >> shift)
    let rights = UInt64(protection.rawValue)
    var left = slot.length
    var skew = slot.skew
    for position in 0..<runs.count {
      let run = unsafe runs[position]
      let isFilled: Bool
      if shift == Page.shift {
        isFilled = put(run.pfn.address | rights, run.count, shift: Page.shift, &filling)
      } else {
        let bytes = min(run.count << Page.shift - skew, left)
        isFilled = put((run.pfn.address + skew) | rights, bytes >> shift, shift: shift, &filling)
        left -= bytes
        skew = 0
      }
      guard isFilled else {
        undo(slot, before: filling.entry)
        return false
      }
    }
    filling.count()
    if singlePages { markPages(of: slot) }
    return true
  }

  /// How far a map has come.
  private struct Filling {
    var entry: UInt64
    /// The chunk that the last entry went to, and the entries not counted there yet.
    var chunk: FlatChunk?
    var number = UInt64.max
    var added = 0

    init(entry: UInt64) { self.entry = entry }

    mutating func count() {
      chunk?.used += added
      added = 0
    }
  }

  /// Fills `count` entries with a map of its own; false when memory for a chunk is missing.
  @inline(__always)
  private mutating func put(_ first: UInt64, _ count: UInt64, shift: UInt64, _ filling: inout Filling) -> Bool
  {
    var value = first
    var rest = Int(truncatingIfNeeded: count)
    var begin = Self.beginBit
    repeat {
      let number = filling.entry >> FlatChunk.shift
      if number != filling.number {
        filling.count()
        filling.chunk = findOrMake(number)
        filling.number = number
      }
      guard let chunk = filling.chunk else { return false }
      let index = Self.index(filling.entry)
      let part = min(FlatChunk.entries &- index, rest)
      let entries = unsafe chunk.entries + index
      assert((0..<part).allSatisfy { unsafe entries[$0] == 0 }, "something is mapped here")
      for step in 0..<part { unsafe entries[step] = value &+ UInt64(truncatingIfNeeded: step) &<< shift }
      unsafe entries[0] |= begin
      begin = 0
      filling.added &+= part
      filling.entry &+= UInt64(truncatingIfNeeded: part)
      value &+= UInt64(truncatingIfNeeded: part) &<< shift
      rest &-= part
    } while rest > 0
    return true
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
  func entry(of page: UInt64, in slot: DomainSlot) -> UInt64 {
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
}
