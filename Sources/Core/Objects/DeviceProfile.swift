// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// The formats of I/O page tables that are offered.
package enum TableFormat: String, Hashable, Sendable, CaseIterable {
  /// The second-stage table of Intel VT-d.
  case vtd
  /// One flat level, for tests and the lab.
  case flat
}

/// What two devices must have in common to be served by one table.
package struct TableShape: Hashable, Sendable {
  package var format: TableFormat
  package var pageSizes: PageSizes
  /// IOVAs that a table of this shape translates.
  package var aperture: IOVARange

  package init(format: TableFormat, pageSizes: PageSizes, aperture: IOVARange) {
    self.format = format
    self.pageSizes = pageSizes
    self.aperture = aperture
  }

  /// - Throws: ``Refusal/unsupported(_:value:)`` for page sizes or an aperture that the format does not have.
  package func check() throws(Refusal) {
    guard pageSizes.rawValue != 0, pageSizes.smallest <= Page.size else {
      throw .unsupported(.pageSizes, value: pageSizes.rawValue)
    }
    switch format {
    case .vtd:
      guard pageSizes.smallest == Page.size, pageSizes.rawValue & ~Self.vtdPageSizes.rawValue == 0 else {
        throw .unsupported(.pageSizes, value: pageSizes.rawValue)
      }
      guard aperture.last.rawValue < 1 << Self.vtdAddressBits else {
        throw .unsupported(.aperture, value: aperture.last.rawValue)
      }
    case .flat:
      guard pageSizes.smallest >= 1 << 10 else { throw .unsupported(.pageSizes, value: pageSizes.rawValue) }
    }
  }

  /// 4 KiB and 2 MiB.
  package static var vtdPageSizes: PageSizes { PageSizes(rawValue: 1 << 12 | 1 << 21) }
  /// Bits of an IOVA that four levels translate.
  package static var vtdAddressBits: UInt64 { 48 }
}

/// What a device is: fixed when it is bound.
package struct DeviceProfile: Hashable, Sendable {
  package var name: String
  package var shape: TableShape
  /// IOVAs that must not be mapped while the device is attached.
  package var reserved: [IOVARange]
  package var dirtyTracking: Bool

  package init(
    name: String,
    shape: TableShape = TableShape(
      format: .vtd, pageSizes: TableShape.vtdPageSizes,
      aperture: IOVARange(IOVA(0), through: IOVA(1 << TableShape.vtdAddressBits - 1))),
    reserved: [IOVARange] = [], dirtyTracking: Bool = false
  ) {
    self.name = name
    self.shape = shape
    self.reserved = reserved
    self.dirtyTracking = dirtyTracking
  }
}
