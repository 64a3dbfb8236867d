// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What a mapping lets a device do. (The kernel's IOMMU_READ and IOMMU_WRITE.)
package struct Protection: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let read = Protection(rawValue: 1)
  package static let write = Protection(rawValue: 2)
}

/// Leaf sizes of a table: bit n stands for 2^n bytes.
package struct PageSizes: Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
  /// Bytes of the smallest leaf: the alignment of IOVAs, lengths and bus addresses.
  package var smallest: UInt64 { rawValue & (~rawValue &+ 1) }
  /// Bytes of the largest leaf.
  package var largest: UInt64 { rawValue == 0 ? 0 : 1 << UInt64(63 - rawValue.leadingZeroBitCount) }
}

/// Where one IOVA leads.
package struct Translation: Hashable, Sendable {
  /// Bus address of the byte.
  package var address: UInt64
  /// Bytes of the leaf that holds it.
  package var pageSize: UInt64
  package var protection: Protection

  package init(address: UInt64, pageSize: UInt64, protection: Protection) {
    self.address = address
    self.pageSize = pageSize
    self.protection = protection
  }
}

/// A place in a domain for the pages of one area: byte `skew` of the first page stands at `iova`, and the
/// pages follow each other without a gap.
package struct DomainSlot: Hashable, Sendable {
  package var iova: IOVA
  /// Offset in its page of the byte at `iova`, less than 4096; not 0 only for areas that begin inside a page.
  package var skew: UInt64
  /// Bytes, at least 1. The last page may be mapped in part.
  package var length: UInt64

  package init(iova: IOVA, skew: UInt64, length: UInt64) {
    self.iova = iova
    self.skew = skew
    self.length = length
  }

  /// Pages that the bytes touch.
  package var pages: UInt64 { (skew + length - 1) / Page.size + 1 }
}

/// One level of an I/O page table.
package struct TableLevel: Hashable, Sendable {
  /// 1 for the lowest.
  package var level: Int
  /// Bytes that one entry translates.
  package var entrySize: UInt64
  /// Whether its entries may be leaves.
  package var isLeafLevel: Bool
  package var tables: UInt64 = 0
  package var leaves: UInt64 = 0

  package init(level: Int, entrySize: UInt64, isLeafLevel: Bool) {
    self.level = level
    self.entrySize = entrySize
    self.isLeafLevel = isLeafLevel
  }
}

/// Tier 2: an I/O page table. It locks itself; calls may come from any thread.
package protocol Domain: AnyObject, Sendable {
  /// IOVAs that the table can translate.
  var aperture: IOVARange { get }
  var pageSizes: PageSizes { get }

  /// Maps the runs of `batch`, one after the other, at `slot`, which holds exactly their pages, lies in the
  /// aperture, is aligned to the smallest leaf, and of which nothing is mapped. Each run is one map and takes
  /// the largest leaves that its alignment allows; with `singlePages` each page is its own map.
  /// - Throws: ``Refusal/tableMemory`` and its like; nothing is mapped then.
  func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal)

  /// Takes away everything mapped in `range`, whose ends cut no earlier map. It all was mapped. Gives
  /// emptied tables back and never fails.
  func unmap(_ range: IOVARange)

  /// Reads the frames behind `slot`, all of which is mapped, until it ends or `batch` is full.
  /// - Returns: pages read.
  func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64

  /// Where `iova` leads, or nil when nothing is mapped there. O(levels).
  func translate(_ iova: IOVA) -> Translation?

  /// Where `iova` leads, and how many bytes from it on, at most `limit`, surely lead to addresses that follow each
  /// other, through leaves of one size and with the same rights; nil when nothing is mapped there. O(leaves).
  func stretch(from iova: IOVA, limit: UInt64) -> (start: Translation, length: UInt64)?

  /// Memory of the table itself, in bytes.
  var tableBytes: UInt64 { get }

  /// What the table is made of, from the top level down. O(tables).
  func levels() -> [TableLevel]

  /// Notes what devices write; nil for a table that cannot.
  var dirty: DirtyLog? { get }
}

extension Domain {
  package func levels() -> [TableLevel] { [] }
  package var dirty: DirtyLog? { nil }

  /// One leaf.
  package func stretch(from iova: IOVA, limit: UInt64) -> (start: Translation, length: UInt64)? {
    translate(iova).map { ($0, min(limit, $0.pageSize - iova.rawValue & ($0.pageSize - 1))) }
  }
}
