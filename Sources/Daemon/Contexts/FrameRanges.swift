// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Gives every memory bus frames of its own: ranges of whole GiB, aligned to a GiB, so that the largest leaves
/// fit wherever the offset allows. Confined to the loop.
///
/// First fit over the free ranges in order: O(free ranges), of which there are few, since descriptors and
/// bytes held are limited long before the bus is.
package final class FrameRanges {
  /// Frames in a GiB.
  private static let unit: UInt64 = 1 << (30 - Page.shift)

  /// Free ranges in GiB, in order, no two of them adjacent.
  private var free: [Range<UInt64>]

  /// - Parameter addressBits: of a bus address, at most 52. The first GiB stays unused, so that no frame is 0.
  package init(addressBits: UInt64 = 52) {
    free = [1..<(1 << (addressBits - 30))]
  }

  /// Takes frames for `bytes` bytes, or answers nil when no range is left that holds them.
  package func take(bytes: UInt64) -> PFN? {
    let units = Self.units(bytes)
    guard let position = free.firstIndex(where: { UInt64($0.count) >= units }) else { return nil }
    let range = free[position]
    let rest = range.lowerBound + units..<range.upperBound
    if rest.isEmpty { free.remove(at: position) } else { free[position] = rest }
    return PFN(range.lowerBound * Self.unit)
  }

  /// Gives back what ``take(bytes:)`` answered for as many bytes.
  package func give(_ base: PFN, bytes: UInt64) {
    let first = base.rawValue / Self.unit
    var range = first..<first + Self.units(bytes)
    var position = free.firstIndex { $0.lowerBound >= range.upperBound } ?? free.count
    if position < free.count, free[position].lowerBound == range.upperBound {
      range = range.lowerBound..<free[position].upperBound
      free.remove(at: position)
    }
    if position > 0, free[position - 1].upperBound == range.lowerBound {
      position -= 1
      free[position] = free[position].lowerBound..<range.upperBound
    } else {
      free.insert(range, at: position)
    }
  }

  private static func units(_ bytes: UInt64) -> UInt64 { bytes == 0 ? 1 : (bytes - 1) >> 30 + 1 }
}
