// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A table that remembers nothing, so that the lab can measure the engine alone.
///
/// Frames cannot be read back from it: it only serves address spaces where nothing is pinned by an access or
/// copied while it is attached, and where all domains that stand beside it came before the first area.
package final class NullDomain: Domain {
  package let aperture = IOVARange.all
  package let pageSizes: PageSizes

  package init(pageSizes: PageSizes = PageSizes(rawValue: Page.size)) { self.pageSizes = pageSizes }

  package func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal) {}

  package func unmap(_ range: IOVARange) {}

  package func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    preconditionFailure("a null domain remembers no frames")
  }

  package func translate(_ iova: IOVA) -> Translation? { nil }

  package var tableBytes: UInt64 { 0 }
}
