// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

@Suite struct FrameStoreTests {
  private func batch(_ frames: [UInt64]) -> RunBatch {
    var batch = RunBatch(limit: .max)
    for frame in frames { _ = batch.append(FrameRun(pfn: PFN(frame), count: 1)) }
    return batch
  }

  private func frames(_ store: borrowing FrameStore, _ range: IndexRange) -> [UInt64] {
    var batch = RunBatch(limit: .max)
    let read = store.read(range, into: &batch)
    var frames: [UInt64] = []
    for position in 0..<batch.count {
      for step in 0..<batch[position].count { frames.append(batch[position].pfn.rawValue + step) }
    }
    #expect(UInt64(frames.count) == read)
    return frames
  }

  /// Random fills and removals of mixed runs beside a dictionary.
  @Test(arguments: 0..<6 as Range<UInt64>)
  func followsADictionary(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var store = FrameStore()
    var model: [UInt64: UInt64] = [:]
    let size: UInt64 = 3000
    for _ in 0..<300 {
      let first = UInt64.random(in: 0..<size, using: &random)
      let last = min(size - 1, first + UInt64.random(in: 0...900, using: &random))
      if model[first] == nil {
        // As much as is free from here on.
        var frames: [UInt64] = []
        var next = UInt64.random(in: 1...1 << 40, using: &random)
        for index in first...last {
          guard model[index] == nil else { break }
          next =
            Int.random(in: 0...3, using: &random) == 0
            ? UInt64.random(in: 1...1 << 40, using: &random) : next + 1
          frames.append(next)
          model[index] = next
        }
        store.insert(batch(frames), at: PageIndex(first))
      } else {
        var end = first
        while end < last, model[end + 1] != nil { end += 1 }
        let range = IndexRange(first, through: end)
        let stored = frames(store, range)
        #expect(stored == (first...end).compactMap { model[$0] })
        store.cut(at: first)
        store.cut(at: end + 1)
        store._checkInvariants()
        if Bool.random(using: &random) {
          store.remove(range)
          for index in first...end { model[index] = nil }
        } else {
          // What was cut and stayed is joined again.
          let before = store.bytes
          store.join(at: first)
          store.join(at: end + 1)
          let after = store.bytes
          #expect(after <= before)
        }
      }
      store._checkInvariants()
    }
    for index in 0..<size {
      let present = store.presence(of: IndexRange(index, through: index)).all
      #expect(present == (model[index] != nil))
    }
    for (index, frame) in model {
      let stored = frames(store, IndexRange(index, through: index))
      #expect(stored == [frame])
    }
    for index in 0..<size where model[index] != nil {
      store.cut(at: index + 1)
      store.remove(IndexRange(index, through: index))
    }
    let (isEmpty, bytes) = (store.isEmpty, store.bytes)
    #expect(isEmpty && bytes == 0)
  }

  /// A gigabyte in one run takes as much as one page.
  @Test func contiguousRangesTakeOneEntry() {
    var store = FrameStore()
    var batch = RunBatch()
    _ = batch.append(FrameRun(pfn: PFN(0x1234), count: 262_144))
    store.insert(batch, at: PageIndex(0))
    let bytes = store.bytes
    #expect(bytes < 128)
    store.cut(at: 100)
    store.cut(at: 201)
    store.remove(IndexRange(100, through: 200))
    let right = frames(store, IndexRange(201, through: 202))
    #expect(right == [0x1234 + 201, 0x1234 + 202])
  }

  @Test func scatteredRangesTakeLittleOverAWordAPage() {
    var store = FrameStore()
    var batch = RunBatch(limit: .max)
    let pages: UInt64 = 262_144
    for index in 0..<pages { _ = batch.append(FrameRun(pfn: PFN(index * 2), count: 1)) }
    store.insert(batch, at: PageIndex(0))
    let bytesAPage = Double(store.bytes) / Double(pages)
    #expect(bytesAPage <= 8.2)
  }

  /// Cuts that nobody needs any more leave nothing behind, in runs and in packed arrays.
  @Test(arguments: [1, 2] as [UInt64])
  func joiningUndoesACut(stride: UInt64) {
    var store = FrameStore()
    store.insert(batch((0..<500).map { 1 + $0 * stride }), at: PageIndex(7))
    let before = store.bytes
    for index in 8..<507 as Range<UInt64> { store.cut(at: index) }
    let cut = store.bytes
    #expect(cut > before)
    store._checkInvariants()
    for index in (8..<507 as Range<UInt64>).reversed() { store.join(at: index) }
    store._checkInvariants()
    let after = store.bytes
    // The directory's lone leaf may have grown.
    #expect(after <= before + 800)
    let all = frames(store, IndexRange(7, through: 506))
    #expect(all == (0..<500).map { 1 + $0 * stride })
    let isCut = store.isCut(at: 300)
    #expect(!isCut)
  }

  /// A full batch stops the reading, and the answer says where.
  @Test func readingStopsAtAFullBatch() {
    var store = FrameStore()
    store.insert(batch([1, 3, 5, 7, 9]), at: PageIndex(0))
    var out = RunBatch(limit: 2)
    let read = store.read(IndexRange(0, through: 4), into: &out)
    let second = out[1]
    #expect(read == 2 && second.pfn == PFN(3))
  }
}
