// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// The formats of I/O page tables that are offered.
package enum TableFormat: String, Hashable, Sendable, CaseIterable {
  /// The second-stage table of Intel VT-d.
  case vtd
  /// One flat level, for tests and the lab.
  case flat

  /// Leaf sizes unless somebody asks otherwise; for `vtd` these are all that there are.
  package var usualPageSizes: PageSizes {
    switch self {
    case .vtd: PageSizes(rawValue: 1 << 12 | 1 << 21 | 1 << 30)
    case .flat: PageSizes(rawValue: Page.size)
    }
  }
}

/// What two devices must have in common to be served by one table.
package struct TableShape: Hashable, Sendable {
  package var format: TableFormat
  package var pageSizes: PageSizes
  /// IOVAs that a table of this shape translates.
  package var aperture: IOVARange

  /// - Parameters:
  ///   - pageSizes: nil for those that the format has.
  ///   - aperture: 48 bits unless told otherwise.
  package init(
    format: TableFormat, pageSizes: PageSizes? = nil, aperture: IOVARange = TableShape.usualAperture
  ) {
    self.format = format
    self.pageSizes = pageSizes ?? format.usualPageSizes
    self.aperture = aperture
  }

  /// Levels of a table of this shape: `vtd` takes a fifth where the aperture ends beyond 48 bits.
  package var levels: Int {
    switch format {
    case .vtd: aperture.last.rawValue >> Self.usualAddressBits == 0 ? 4 : 5
    case .flat: 1
    }
  }

  /// - Throws: ``Refusal/unsupported(_:value:)`` for page sizes or an aperture that the format does not have.
  package func check() throws(Refusal) {
    guard pageSizes.rawValue != 0, pageSizes.smallest <= Page.size else {
      throw .unsupported(.pageSizes, value: pageSizes.rawValue)
    }
    switch format {
    case .vtd:
      let others = pageSizes.rawValue & ~TableFormat.vtd.usualPageSizes.rawValue
      guard pageSizes.smallest == Page.size, others == 0 else {
        throw .unsupported(.pageSizes, value: pageSizes.rawValue)
      }
      guard aperture.last.rawValue < 1 << Self.mostAddressBits else {
        throw .unsupported(.aperture, value: aperture.last.rawValue)
      }
    case .flat:
      guard pageSizes.smallest >= 1 << 10 else { throw .unsupported(.pageSizes, value: pageSizes.rawValue) }
    }
  }

  /// Bits of an IOVA that a table translates unless somebody asks otherwise, and that a `vtd` table does at most.
  package static var usualAddressBits: UInt64 { 48 }
  private static var mostAddressBits: UInt64 { 57 }

  /// 48 bits.
  package static var usualAperture: IOVARange {
    IOVARange(IOVA(0), through: IOVA(1 << usualAddressBits - 1))
  }
}

/// What a device is: fixed when it is bound.
package struct DeviceProfile: Hashable, Sendable {
  package var name: String
  package var shape: TableShape
  /// IOVAs that must not be mapped while the device is attached.
  package var reserved: [IOVARange]
  /// Its tables can tell which pages it wrote.
  package var dirtyTracking: Bool

  package init(
    name: String,
    shape: TableShape = TableShape(format: .vtd),
    reserved: [IOVARange] = [], dirtyTracking: Bool = false
  ) {
    self.name = name
    self.shape = shape
    self.reserved = reserved
    self.dirtyTracking = dirtyTracking
  }
}
