// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// An I/O page table in the second-stage format of Intel VT-d: 4 levels (48 bits), or 5 (57 bits) when the aperture
/// asks for them, with leaves of 4 KiB and, as `pageSizes` says, of 2 MiB and 1 GiB.
package final class VTDDomain: Domain, @unchecked Sendable {
  package let aperture: IOVARange
  package let pageSizes: PageSizes

  private let lock = Lock()
  private var table: VTDTable

  /// - Parameters:
  ///   - aperture: ends below 2^57.
  ///   - pageSizes: 4 KiB, and 2 MiB and 1 GiB or not.
  ///   - tableLimit: bytes that the table may take, 4096 at least.
  ///   - pool: where table pages come from and go to; tables may share one.
  ///   - budget: pays for table pages, the top one at once.
  /// - Throws: ``Refusal/tableMemory``, or ``Refusal/unsupported(_:value:)`` for other sizes or apertures.
  package init(
    aperture: IOVARange = TableShape.usualAperture, pageSizes: PageSizes = TableFormat.vtd.usualPageSizes,
    tableLimit: UInt64 = .max, pool: VTDPagePool = VTDPagePool(), budget: (any TableBudget)? = nil
  ) throws(Refusal) {
    let shape = TableShape(format: .vtd, pageSizes: pageSizes, aperture: aperture)
    try shape.check()
    self.aperture = aperture
    self.pageSizes = pageSizes
    table = try VTDTable(
      levels: shape.levels, pageSizes: pageSizes, pool: pool, pageLimit: tableLimit / Page.size,
      budget: budget)
  }

  /// O(leaves).
  package func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal) {
    assert(slot.skew == 0 && (slot.iova.rawValue | slot.length) & Page.offsetMask == 0)
    assert(slot.pages == batch.pages && !protection.isEmpty)
    lock.lock()
    defer { lock.unlock() }
    let isMapped = unsafe batch.withRuns { runs in
      unsafe table.map(runs, at: slot.iova.rawValue, protection: protection, smallLeaves: singlePages)
    }
    guard isMapped else { throw .tableMemory }
  }

  /// O(leaves), less where whole tables go.
  package func unmap(_ range: IOVARange) {
    assert(range.first.rawValue & Page.offsetMask == 0 && ~range.last.rawValue & Page.offsetMask == 0)
    lock.lock()
    defer { lock.unlock() }
    table.unmap(first: range.first.rawValue, last: range.last.rawValue)
  }

  /// O(leaves).
  package func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return table.read(from: slot.iova.rawValue, count: slot.pages, into: &batch)
  }

  package func translate(_ iova: IOVA) -> Translation? {
    guard aperture.contains(iova) else { return nil }
    lock.lock()
    defer { lock.unlock() }
    return table.stretch(from: iova.rawValue, limit: 1)?.start
  }

  package func stretch(from iova: IOVA, limit: UInt64) -> (start: Translation, length: UInt64)? {
    guard aperture.contains(iova) else { return nil }
    lock.lock()
    defer { lock.unlock() }
    return table.stretch(from: iova.rawValue, limit: limit)
  }

  /// 4096 for each table. What the pool keeps is not counted.
  package var tableBytes: UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return table.pages.used * Page.size
  }

  package func levels() -> [TableLevel] {
    lock.lock()
    defer { lock.unlock() }
    return table.census()
  }

  /// Looks at the whole table. For tests. O(entries).
  package func _checkInvariants() {
    lock.lock()
    defer { lock.unlock() }
    table._checkInvariants()
  }
}
