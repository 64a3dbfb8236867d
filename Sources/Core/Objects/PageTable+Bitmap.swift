// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Where a bitmap goes: a file of the caller's, say.
package protocol BitmapSink {
  /// Puts `bytes` at byte `offset` of the bitmap.
  func write(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(Refusal)
  /// Lets `count` bytes from `offset` on be 0, which they may be already.
  func zero(at offset: UInt64, count: UInt64) throws(Refusal)
}

extension PageTable {
  /// Bytes of a bitmap that has one bit for each page of `pageSize` bytes of `range`.
  package static func bitmapBytes(of range: IOVARange, pageSize: UInt64) -> UInt64 {
    let pages = (range.last.rawValue - range.first.rawValue) / pageSize + 1
    return (pages - 1) / 8 + 1
  }

  /// Writes all of a bitmap in which the bit of each written page is 1: that of page n of `range` is bit n % 8 of
  /// byte n / 8. Unless `keep` is given, what it says is noted no more; when writing fails, all of it is again.
  ///
  /// O(written pieces of 128 MiB, in pages of 4 KiB), and one ``BitmapSink/zero(at:count:)`` for each gap.
  /// - Returns: bits that are 1.
  /// - Throws: as ``dirtyRuns(in:pageSize:keep:limit:_:)``, and what `sink` throws.
  package func writeDirtyBitmap(
    of range: IOVARange, pageSize: UInt64, keep: Bool, to sink: some BitmapSink
  ) throws(Refusal) -> UInt64 {
    let log = try self.log(for: range, pageSize: pageSize)
    var taken: [IOVARange] = []
    do throws(Refusal) {
      return try writePieces(of: range, pageSize, keep, log, to: sink, &taken)
    } catch {
      for run in taken { log.mark(run) }
      throw error
    }
  }

  private func writePieces(
    of range: IOVARange, _ pageSize: UInt64, _ keep: Bool, _ log: DirtyLog, to sink: some BitmapSink,
    _ taken: inout [IOVARange]
  ) throws(Refusal) -> UInt64 {
    var piece = BitmapPiece()
    let shift = UInt64(pageSize.trailingZeroBitCount)
    let end = Self.bitmapBytes(of: range, pageSize: pageSize)
    // Bytes of the bitmap that are written or zeroed.
    var done: UInt64 = 0
    var ones: UInt64 = 0
    while done < end {
      let rest = IOVARange(IOVA(range.first.rawValue + (done * 8) << shift), through: range.last)
      guard let next = try log.take(from: rest, limit: 1, keep: true).first else { break }
      // From the beginning of the piece that holds the next written page on.
      let byte = ((next.first.rawValue - range.first.rawValue) >> shift) / 8
      let start = max(done, byte - byte % UInt64(BitmapPiece.bytes))
      if start > done { try sink.zero(at: done, count: start - done) }
      let count = min(UInt64(BitmapPiece.bytes), end - start)
      let first = range.first.rawValue + (start * 8) << shift
      let most = (range.last.rawValue - first) >> shift
      let last = first + min(count * 8 - 1, most) << shift + (pageSize - 1)
      let found = try log.take(
        from: IOVARange(IOVA(first), through: IOVA(last)), limit: .max, keep: keep)
      if !keep { taken += found }
      for run in found {
        ones += piece.set(
          (run.first.rawValue - first) >> shift, through: (run.last.rawValue - first) >> shift)
      }
      try piece.write(Int(count), at: start, to: sink)
      done = start + count
    }
    if done < end { try sink.zero(at: done, count: end - done) }
    return ones
  }
}

/// A page of a bitmap.
@safe
struct BitmapPiece: ~Copyable {
  static let bytes = 4096
  private static let count = bytes / 8
  private let words: UnsafeMutablePointer<UInt64>

  init() {
    unsafe words = .allocate(capacity: Self.count)
    unsafe words.initialize(repeating: 0, count: Self.count)
  }

  deinit { unsafe words.deallocate() }

  /// Sets bits; answers how many were 0.
  mutating func set(_ first: UInt64, through last: UInt64) -> UInt64 {
    var added = 0
    var bit = first
    while bit <= last {
      let word = Int(bit / 64)
      let count = min(64 - bit % 64, last - bit + 1)
      let mask: UInt64 = (count == 64 ? .max : (1 << count) - 1) << (bit % 64)
      added += unsafe (mask & ~words[word]).nonzeroBitCount
      // The lowest bit of the lowest byte comes first, whatever the machine.
      unsafe words[word] |= mask
      bit += count
    }
    return UInt64(added)
  }

  /// Writes the first `count` bytes to byte `offset` of `sink`, and is empty again.
  mutating func write(_ count: Int, at offset: UInt64, to sink: some BitmapSink) throws(Refusal) {
    for index in 0..<Self.count { unsafe words[index] = words[index].littleEndian }
    defer { unsafe words.update(repeating: 0, count: Self.count) }
    try unsafe sink.write(
      at: offset, UnsafeRawBufferPointer(start: words, count: count))
  }
}
