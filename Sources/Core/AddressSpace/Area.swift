// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A range of IOVAs that shows a byte slice of one pages object. Never split and never merged.
package final class Area: @unchecked Sendable {
  /// Where an area stands in its life. While it is not live it holds its IOVAs and is of no use to others.
  package enum State: UInt8, Sendable {
    case settingUp, live, tearingDown
  }

  package let range: IOVARange
  package let pages: Pages
  /// Byte of the pages object that stands at the first IOVA.
  package let byteOffset: UInt64
  package let protection: Protection

  // Guarded by the address space's IOVA lock.
  var state: State
  /// Pins of accesses that reach into the area. It cannot be unmapped while there are any.
  var pins: UInt32 = 0
  /// Copies under way that found their memory through the area. An unmap waits for them.
  var copies: UInt32 = 0

  /// Unmaps that wait for the area. While there are any, nobody new comes to it.
  var marks: UInt32 = 0

  /// Domains should translate it and do not, since its pages could not be pinned again. Changes with the domain list
  /// held exclusively and the IOVA lock; either is enough to look.
  var isDegraded = false

  /// The domain that frames are read back from. Guarded by the lock of the pages object.
  var storage: (any Domain)?

  init(range: IOVARange, pages: Pages, byteOffset: UInt64, protection: Protection, state: State) {
    assert(range.last.rawValue - range.first.rawValue < 1 << 63)
    self.range = range
    self.pages = pages
    self.byteOffset = byteOffset
    self.protection = protection
    self.state = state
  }

  /// Bytes; less than 2^63 + 1, since a mapping is.
  package var length: UInt64 { range.last.rawValue - range.first.rawValue + 1 }

  /// Offset of the first byte in its page.
  var skew: UInt64 { byteOffset & Page.offsetMask }

  /// The indexes of the pages object that the area touches.
  package var indexes: IndexRange {
    IndexRange(byteOffset >> Page.shift, through: (byteOffset + (length - 1)) >> Page.shift)
  }

  /// Where `part` of ``indexes`` stands in a domain. The first and the last page of the area may be partial.
  func slot(for part: IndexRange) -> DomainSlot {
    let all = indexes
    assert(all.contains(part))
    var first = range.first.rawValue
    var skew = self.skew
    if part.first != all.first {
      first += ((part.first.rawValue - all.first.rawValue) << Page.shift) - skew
      skew = 0
    }
    var last = range.last.rawValue
    if part.last != all.last {
      last =
        range.first.rawValue + (((part.last.rawValue + 1 - all.first.rawValue) << Page.shift) - self.skew) - 1
    }
    return DomainSlot(iova: IOVA(first), skew: skew, length: last - first + 1)
  }

  /// Byte of the origin that `iova`, which lies in the area, leads to.
  package func originOffset(of iova: IOVA) -> UInt64 {
    pages.firstInOrigin << Page.shift + byteOffset + (iova.rawValue - range.first.rawValue)
  }
}
