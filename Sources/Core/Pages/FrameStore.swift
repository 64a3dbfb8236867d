// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Tier 1: the frames of the page indexes that accesses hold, in runs.
///
/// Where frames follow each other a run takes one directory entry, whatever its length. Where they do not, up
/// to 512 indexes share one packed array of 8 bytes a page, so that a scattered range costs at most 8.2 bytes a
/// page. Runs of less than four pages are packed, since an entry weighs as much as three packed frames. (The
/// kernel keeps an xarray with one slot for each page.)
///
/// No entry reaches over a border of an access: its holder cuts entries there when an access comes, which may take
/// memory, so that nothing need be split, and no memory be found, when one goes.
@safe
package struct FrameStore: ~Copyable {
  /// Entries carry a frame number, or, with the lowest bit set, the address of a packed array.
  private var directory = RangeTree()
  /// Bytes of all packed arrays.
  private var packedBytes: UInt64 = 0

  private static let packedLimit = 512
  private static let shortRun: UInt64 = 4

  package init() {}

  deinit {
    guard var cursor = directory.cursor(from: UInt64(0)) else { return }
    repeat { Self.release(cursor.entry) } while cursor.advance()
  }

  package var isEmpty: Bool { directory.isEmpty }

  /// Bytes taken from the heap. O(directory nodes).
  package var bytes: UInt64 { packedBytes + directory.bytes }

  // MARK: Entries

  private static func runPayload(_ pfn: PFN) -> UInt64 { pfn.rawValue << 1 }
  private static func isPacked(_ entry: RangeEntry) -> Bool { entry.payload & 1 != 0 }
  private static func pfn(_ entry: RangeEntry) -> PFN { PFN(entry.payload >> 1) }

  private static func packed(_ entry: RangeEntry) -> UnsafeMutablePointer<UInt64> {
    guard let array = unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(entry.payload & ~1)) else {
      preconditionFailure("a packed entry without an array")
    }
    return unsafe array
  }

  private static func release(_ entry: RangeEntry) {
    if isPacked(entry) { unsafe Heap.give(packed(entry)) }
  }

  private static func packedPayload(_ array: UnsafeMutablePointer<UInt64>) -> UInt64 {
    UInt64(UInt(bitPattern: array)) | 1
  }

  private static func makeArray(_ count: Int) -> UnsafeMutablePointer<UInt64> {
    unsafe Heap.take(count * MemoryLayout<UInt64>.stride).bindMemory(to: UInt64.self, capacity: count)
  }

  /// The same array with room for `count`, perhaps elsewhere; nil, and it is as it was, without memory.
  private static func resize(
    _ array: UnsafeMutablePointer<UInt64>, to count: Int
  ) -> UnsafeMutablePointer<UInt64>? {
    unsafe Heap.tryResize(array, to: count * MemoryLayout<UInt64>.stride)?
      .bindMemory(to: UInt64.self, capacity: count)
  }

  private static func count(_ entry: RangeEntry) -> Int { Int(entry.last - entry.first + 1) }

  // MARK: Filling

  /// Stores the runs of `batch` from `first` on. None of these indexes is in the store. O(runs log n).
  package mutating func insert(_ batch: borrowing RunBatch, at first: PageIndex) {
    var index = first.rawValue
    unsafe batch.withRuns { runs in
      var position = 0
      while position < runs.count {
        let run = unsafe runs[position]
        if run.count >= Self.shortRun {
          add(run, at: index)
          index += run.count
          position += 1
          continue
        }
        var end = position
        var pages = 0
        while end < runs.count, unsafe runs[end].count < Self.shortRun,
          unsafe pages + Int(runs[end].count) <= Self.packedLimit
        {
          unsafe pages += Int(runs[end].count)
          end += 1
        }
        if end == position + 1 {
          add(run, at: index)
        } else {
          unsafe pack(UnsafeBufferPointer(rebasing: runs[position..<end]), pages: pages, at: index)
        }
        index += UInt64(pages)
        position = end
      }
    }
  }

  private mutating func add(_ run: FrameRun, at index: UInt64) {
    directory.insert(
      RangeEntry(first: index, last: index + run.count - 1, payload: Self.runPayload(run.pfn)))
  }

  private mutating func pack(_ runs: UnsafeBufferPointer<FrameRun>, pages: Int, at index: UInt64) {
    let array = unsafe Self.makeArray(pages)
    var filled = 0
    for position in 0..<runs.count {
      let run = unsafe runs[position]
      for step in 0..<run.count {
        unsafe array[filled] = run.pfn.rawValue + step
        filled += 1
      }
    }
    unsafe addPacked(array, count: pages, at: index)
  }

  private mutating func addPacked(_ array: UnsafeMutablePointer<UInt64>, count: Int, at index: UInt64) {
    packedBytes += UInt64(count * MemoryLayout<UInt64>.stride)
    unsafe directory.insert(
      RangeEntry(
        first: index, last: index + UInt64(count) - 1, payload: Self.packedPayload(array)))
  }

  // MARK: Reading

  /// Appends the frames of `range`, all of which is stored, until it ends or `batch` is full; answers the pages
  /// appended. O(log n + runs).
  package func read(_ range: IndexRange, into batch: inout RunBatch) -> UInt64 {
    guard var cursor = directory.cursor(floor: range.first.rawValue) else { return 0 }
    var index = range.first.rawValue
    while true {
      let entry = cursor.entry
      precondition(entry.first <= index && index <= entry.last, "tier 1 lacks an index")
      let last = min(entry.last, range.last.rawValue)
      if Self.isPacked(entry) {
        let array = unsafe Self.packed(entry)
        while index <= last {
          let pfn = PFN(unsafe array[Int(index - entry.first)])
          guard batch.append(FrameRun(pfn: pfn, count: 1)) else { return index - range.first.rawValue }
          index += 1
        }
      } else {
        let run = FrameRun(
          pfn: Self.pfn(entry).advanced(by: index - entry.first), count: last - index + 1)
        guard batch.append(run) else { return index - range.first.rawValue }
        index = last + 1
      }
      if index > range.last.rawValue { return range.count }
      let more = cursor.advance()
      precondition(more, "tier 1 ends early")
    }
  }

  // MARK: Cutting and emptying

  /// Lets an entry end before `index`, so that what stands on either side can leave by itself. O(log n).
  package mutating func cut(at index: UInt64) {
    guard let entry = directory.floor(index), entry.first < index, index <= entry.last else { return }
    var left = entry
    left.last = index - 1
    guard Self.isPacked(entry) else {
      directory.replace(entry, with: left)
      let pfn = Self.pfn(entry).advanced(by: index - entry.first)
      add(FrameRun(pfn: pfn, count: entry.last - index + 1), at: index)
      return
    }
    let count = Self.count(left)
    let rest = Self.count(entry) - count
    let array = unsafe Self.packed(entry)
    let right = unsafe Self.makeArray(rest)
    unsafe right.update(from: array + count, count: rest)
    if let smaller = unsafe Self.resize(array, to: count) {
      unsafe left.payload = Self.packedPayload(smaller)
    }
    directory.replace(entry, with: left)
    packedBytes -= UInt64(rest * MemoryLayout<UInt64>.stride)
    unsafe addPacked(right, count: rest, at: index)
  }

  /// Makes one entry of the two that meet at `index`, where they can be one. O(log n). What memory that takes is not
  /// needed: without it they stay two.
  package mutating func join(at index: UInt64) {
    guard index > 0, let right = directory.floor(index), right.first == index,
      let left = directory.floor(index - 1), left.last == index - 1,
      Self.isPacked(left) == Self.isPacked(right)
    else { return }
    var joined = left
    joined.last = right.last
    if Self.isPacked(left) {
      guard Self.count(joined) <= Self.packedLimit,
        let larger = unsafe Self.resize(Self.packed(left), to: Self.count(joined))
      else { return }
      unsafe (larger + Self.count(left)).update(from: Self.packed(right), count: Self.count(right))
      unsafe joined.payload = Self.packedPayload(larger)
      Self.release(right)
    } else {
      guard Self.pfn(left).advanced(by: UInt64(Self.count(left))) == Self.pfn(right) else { return }
    }
    directory.remove(right)
    directory.replace(left, with: joined)
  }

  /// Forgets `range`, all of which is stored, and at whose ends entries begin and end. O(log n + entries); takes no
  /// memory.
  package mutating func remove(_ range: IndexRange) {
    var pages: UInt64 = 0
    var packed = 0
    directory.removeAll(from: range.first.rawValue, through: range.last.rawValue) { entry in
      pages += entry.last - entry.first + 1
      if Self.isPacked(entry) { packed += Self.count(entry) }
      Self.release(entry)
    }
    precondition(pages == range.count, "tier 1 has \(pages) of the \(range.count) pages that leave it")
    packedBytes -= UInt64(packed * MemoryLayout<UInt64>.stride)
  }

  // MARK: Looking

  /// Whether every index of `range` is stored, or none is, or some are. O(entries).
  package func presence(of range: IndexRange) -> (all: Bool, none: Bool) {
    var index = range.first.rawValue
    var found: UInt64 = 0
    while index <= range.last.rawValue, let entry = directory.firstReaching(index),
      entry.first <= range.last.rawValue
    {
      let last = min(entry.last, range.last.rawValue)
      found += last - max(entry.first, index) + 1
      if last == .max { break }
      index = last + 1
    }
    return (found == range.count, found == 0)
  }

  /// Whether no entry reaches over the border before `index`. O(log n).
  package func isCut(at index: UInt64) -> Bool {
    guard let entry = directory.floor(index) else { return true }
    return entry.first == index || entry.last < index
  }

  /// The whole directory's order and sizes, for tests. O(n).
  package func _checkInvariants() {
    directory._checkInvariants()
    guard var cursor = directory.cursor(from: UInt64(0)) else {
      precondition(packedBytes == 0)
      return
    }
    var packed: UInt64 = 0
    var previous: RangeEntry?
    repeat {
      let entry = cursor.entry
      if let previous { precondition(previous.last < entry.first, "two entries hold one index") }
      if Self.isPacked(entry) {
        precondition(Self.count(entry) <= Self.packedLimit)
        packed += UInt64(Self.count(entry) * MemoryLayout<UInt64>.stride)
      }
      previous = entry
    } while cursor.advance()
    precondition(packed == packedBytes)
  }
}
