// SPDX-License-Identifier: Apache-2.0

/// Where tables' memory comes from and goes to. Any thread.
package final class TablePools: Sendable {
  let pages: VTDPagePool
  let chunks: FlatChunkPool

  /// - Parameters:
  ///   - pages: of 4 KiB, that are kept at most.
  ///   - chunks: of half a MiB, that are kept at most.
  package init(pages: Int = 16, chunks: Int = 1) {
    self.pages = VTDPagePool(kept: pages)
    self.chunks = FlatChunkPool(kept: chunks)
  }
}

extension TableShape {
  /// An empty table of this shape, for which `budget` pays.
  ///
  /// - Throws: ``Refusal/unsupported(_:value:)`` for what the format does not have, ``Refusal/tableMemory``.
  package func makeDomain(
    pools: TablePools = TablePools(), budget: (any TableBudget)? = nil
  ) throws(Refusal) -> any Domain {
    switch format {
    case .vtd:
      try VTDDomain(aperture: aperture, pageSizes: pageSizes, pool: pools.pages, budget: budget)
    case .flat:
      try FlatDomain(aperture: aperture, pageSizes: pageSizes, pool: pools.chunks, budget: budget)
    }
  }
}
