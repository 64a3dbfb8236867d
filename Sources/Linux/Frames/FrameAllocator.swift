// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Hands out bus frames: each origin gets a range of its own, aligned to 1 GiB.
///
/// Addresses fill 52 bits at most, which is what a page table entry holds. The first 4 GiB are never given
/// out, so that no frame looks like an address that a 32-bit device would find by accident.
package final class FrameAllocator: Sendable {
  /// Frames in the unit of allocation, 1 GiB.
  package static let unit: UInt64 = 1 << 18
  private static let firstUnit: UInt64 = 4
  private static let endUnit: UInt64 = 1 << 22

  private let books = Books()

  package init() {}

  /// The unit behind the range for `size` bytes at `base`, for ``reserve(below:)``.
  package static func end(of base: PFN, bytes size: UInt64) -> UInt32 {
    let (end, overflows) = (base.rawValue / unit).addingReportingOverflow(units(size))
    return UInt32(clamping: overflows ? endUnit : min(end, endUnit))
  }

  /// Has nothing be handed out below a unit, where those who are about to come back were, until ``endReserving()``.
  package func reserve(below end: UInt32) {
    books.lock.lock()
    defer { books.lock.unlock() }
    books.reserved = min(UInt64(end), Self.endUnit)
  }

  /// All who were to come back have taken what they had.
  package func endReserving() { reserve(below: 0) }

  /// The first frame of a range for `size` bytes, rounded up to 1 GiB (0 bytes take one as well): the lowest that
  /// is free. O(gaps).
  /// - Throws: ENOSPC when all 2^52 bytes of the bus are taken.
  package func allocate(bytes size: UInt64) throws(Errno) -> PFN {
    let units = Self.units(size)
    books.lock.lock()
    defer { books.lock.unlock() }
    for (at, gap) in books.gaps.enumerated() {
      let first = max(gap.first, books.reserved)
      guard first < gap.end, units <= gap.end - first else { continue }
      books.take(Gap(first: first, end: first + units), at: at)
      return PFN(first * Self.unit)
    }
    throw .enospc
  }

  /// Takes the range for `size` bytes that begins at `base`, as it was taken before a restart; false when some of it is
  /// taken, or was never to be had. O(gaps).
  package func take(_ base: PFN, bytes size: UInt64) -> Bool {
    let (first, units) = (base.rawValue / Self.unit, Self.units(size))
    guard base.rawValue % Self.unit == 0, first < Self.endUnit, units <= Self.endUnit - first else {
      return false
    }
    books.lock.lock()
    defer { books.lock.unlock() }
    guard let at = books.gaps.firstIndex(where: { $0.first <= first && first + units <= $0.end }) else {
      return false
    }
    books.take(Gap(first: first, end: first + units), at: at)
    return true
  }

  /// Takes back what ``allocate(bytes:)`` answered for the same `size`. O(gaps).
  package func free(_ base: PFN, bytes size: UInt64) {
    let first = base.rawValue / Self.unit
    var gap = Gap(first: first, end: first + Self.units(size))
    books.lock.lock()
    defer { books.lock.unlock() }
    var at = books.gaps.firstIndex { $0.first >= gap.end } ?? books.gaps.count
    if at < books.gaps.count, gap.end == books.gaps[at].first { gap.end = books.gaps.remove(at: at).end }
    if at > 0, books.gaps[at - 1].end == gap.first {
      at -= 1
      gap.first = books.gaps.remove(at: at).first
    }
    books.gaps.insert(gap, at: at)
  }

  private static func units(_ size: UInt64) -> UInt64 {
    size == 0 ? 1 : (size - 1) / (unit * Page.size) + 1
  }

  private struct Gap {
    var first: UInt64
    /// The unit behind it.
    var end: UInt64
  }

  private final class Books: @unchecked Sendable {
    let lock = Lock()
    /// What is free, in order, no two of them touching.
    var gaps = [Gap(first: FrameAllocator.firstUnit, end: FrameAllocator.endUnit)]
    /// Nothing is handed out below this unit.
    var reserved: UInt64 = 0

    /// Takes a part of the gap there.
    func take(_ part: Gap, at index: Int) {
      let gap = gaps[index]
      let rest = [Gap(first: gap.first, end: part.first), Gap(first: part.end, end: gap.end)]
      gaps.replaceSubrange(index...index, with: rest.filter { $0.first < $0.end })
    }
  }
}
