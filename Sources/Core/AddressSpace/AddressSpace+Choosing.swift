// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension AddressSpace {
  /// The IOVA for a mapping of `length` bytes that begins at byte `offset` of its source. `iovaLock` is held.
  ///
  /// With A the least of `length` rounded up to a power of two and the largest leaf, the IOVA is congruent to
  /// `offset` modulo A, so that large leaves fit, in the lowest hole of at least `length + A - alignment` bytes,
  /// which holds it for certain. That hole is found in O(log areas) by the gaps that the tree carries. Only where
  /// there is none, every hole that might do is looked at.
  ///
  /// - Throws: ``Refusal/noRoom(length:)``.
  func chooseIOVA(length: UInt64, offset: UInt64) throws(Refusal) -> IOVA {
    let alignment = self.alignment
    let congruence = max(min(Self.powerOfTwo(atLeast: length), limits.largestLeaf), alignment)
    let (sure, overflow) = length.addingReportingOverflow(congruence - alignment)
    if !overflow {
      for window in limits.choosable {
        if let hole = tree.lowestGap(of: sure, from: window.first.rawValue, through: window.last.rawValue),
          let iova = Self.place(length, offset, congruence, in: hole)
        {
          return iova
        }
      }
    }
    for window in limits.choosable {
      var low = window.first.rawValue
      while let hole = tree.lowestGap(of: length, from: low, through: window.last.rawValue) {
        if let iova = Self.place(length, offset, congruence, in: hole) { return iova }
        guard hole.last < window.last.rawValue else { break }
        low = hole.last + 1
      }
    }
    throw .noRoom(length: length)
  }

  /// The lowest IOVA in `hole` that is congruent to `offset` and leaves room for `length` bytes.
  private static func place(
    _ length: UInt64, _ offset: UInt64, _ congruence: UInt64, in hole: (first: UInt64, last: UInt64)
  ) -> IOVA? {
    let step = (offset &- hole.first) & (congruence - 1)
    let (first, overflow) = hole.first.addingReportingOverflow(step)
    guard !overflow, first <= hole.last, hole.last - first >= length - 1 else { return nil }
    return IOVA(first)
  }

  /// `length` is less than 2^63.
  private static func powerOfTwo(atLeast length: UInt64) -> UInt64 {
    length <= 1 ? 1 : 1 << UInt64(64 - (length - 1).leadingZeroBitCount)
  }
}
