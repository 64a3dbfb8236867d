// SPDX-License-Identifier: Apache-2.0

extension TableShape {
  /// An empty table of this shape that may take `tableLimit` bytes.
  ///
  /// - Throws: ``Refusal/unsupported(_:value:)`` for what the format does not have, ``Refusal/tableMemory``.
  package func makeDomain(tableLimit: UInt64 = .max) throws(Refusal) -> any Domain {
    switch format {
    case .vtd: try VTDDomain(aperture: aperture, pageSizes: pageSizes, tableLimit: tableLimit)
    case .flat: try FlatDomain(aperture: aperture, pageSizes: pageSizes, tableLimit: tableLimit)
    }
  }
}
