// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// An I/O page table of one level, for tests and the lab: one entry for each page of its aperture, in chunks that
/// come when they are needed. Pages of 1, 2 or 4 KiB.
package final class FlatDomain: Domain, @unchecked Sendable {
  package let aperture: IOVARange
  package let pageSizes: PageSizes

  private let lock = Lock()
  private var table: FlatTable

  /// - Parameters:
  ///   - pageSizes: of these the smallest, 1 to 4 KiB, is the size of an entry's page.
  ///   - tableLimit: bytes that the table may take.
  ///   - pool: where chunks come from and go to; tables may share one.
  ///   - budget: pays for chunks.
  /// - Throws: ``Refusal/unsupported(_:value:)`` for other page sizes.
  package init(
    aperture: IOVARange = .all, pageSizes: PageSizes = PageSizes(rawValue: Page.size),
    tableLimit: UInt64 = .max, pool: FlatChunkPool = FlatChunkPool(), budget: (any TableBudget)? = nil
  ) throws(Refusal) {
    guard (1 << 10...Page.size).contains(pageSizes.smallest) else {
      throw .unsupported(.pageSizes, value: pageSizes.rawValue)
    }
    self.aperture = aperture
    self.pageSizes = pageSizes
    table = FlatTable(
      shift: UInt64(pageSizes.smallest.trailingZeroBitCount), pool: pool,
      chunkLimit: Int(clamping: tableLimit / UInt64(FlatChunk.bytes)), budget: budget)
  }

  /// O(pages).
  package func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal) {
    assert((slot.iova.rawValue | slot.length | slot.skew) & (pageSizes.smallest - 1) == 0)
    assert(slot.pages == batch.pages && !protection.isEmpty)
    lock.lock()
    defer { lock.unlock() }
    let isMapped = unsafe batch.withRuns { runs in
      unsafe table.map(runs, at: slot, protection: protection, singlePages: singlePages)
    }
    guard isMapped else { throw .tableMemory }
  }

  /// O(pages). A debug build stops at a range that cuts a map.
  package func unmap(_ range: IOVARange) {
    lock.lock()
    defer { lock.unlock() }
    let first = range.first.rawValue >> table.shift
    table.unmap(first: first, count: range.last.rawValue >> table.shift - first + 1)
  }

  /// O(pages).
  package func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return table.read(slot, into: &batch)
  }

  package func translate(_ iova: IOVA) -> Translation? {
    stretch(from: iova, limit: 1)?.start
  }

  package func stretch(from iova: IOVA, limit: UInt64) -> (start: Translation, length: UInt64)? {
    guard aperture.contains(iova) else { return nil }
    lock.lock()
    defer { lock.unlock() }
    return table.stretch(from: iova.rawValue, limit: limit)
  }

  /// The chunks in use; what the pool keeps is not counted.
  package var tableBytes: UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return table.bytes
  }

  package func levels() -> [TableLevel] {
    lock.lock()
    defer { lock.unlock() }
    return [table.census()]
  }

  /// Looks at the whole table. For tests. O(entries).
  package func _checkInvariants() {
    lock.lock()
    defer { lock.unlock() }
    table._checkInvariants()
  }
}
