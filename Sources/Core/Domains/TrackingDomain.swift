// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A table together with the log of what devices write through it. Marks live and die with the table's entries: what
/// is unmapped is not dirty any more.
package final class TrackingDomain: Domain {
  private let table: any Domain
  private let log: DirtyLog

  package init(_ table: any Domain) {
    self.table = table
    log = DirtyLog(grain: min(table.pageSizes.smallest, Page.size))
  }

  package var aperture: IOVARange { table.aperture }
  package var pageSizes: PageSizes { table.pageSizes }
  package var dirty: DirtyLog? { log }

  package func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal) {
    try table.map(batch, at: slot, protection: protection, singlePages: singlePages)
  }

  package func unmap(_ range: IOVARange) {
    table.unmap(range)
    log.discard(range)
  }

  package func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    table.readRuns(slot, into: &batch)
  }

  package func translate(_ iova: IOVA) -> Translation? { table.translate(iova) }

  package func stretch(from iova: IOVA, limit: UInt64) -> (start: Translation, length: UInt64)? {
    table.stretch(from: iova, limit: limit)
  }

  /// With the marks.
  package var tableBytes: UInt64 { table.tableBytes + log.bytes }

  package func levels() -> [TableLevel] { table.levels() }
}
