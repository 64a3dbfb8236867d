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
  package func endReserving() {
    books.lock.lock()
    defer { books.lock.unlock() }
    books.reserved = 0
    if let last = books.gaps.last, last.first + last.count == books.next {
      books.next = last.first
      books.gaps.removeLast()
    }
  }

  /// The first frame of a range for `size` bytes, rounded up to 1 GiB (0 bytes take one as well): the lowest that
  /// is free. O(gaps).
  /// - Throws: ENOSPC when all 2^52 bytes of the bus are taken.
  package func allocate(bytes size: UInt64) throws(Errno) -> PFN {
    let units = Self.units(size)
    books.lock.lock()
    defer { books.lock.unlock() }
    let reserved = books.reserved
    if let at = books.gaps.firstIndex(where: { $0.count >= units && $0.first >= reserved }) {
      let first = books.gaps[at].first
      books.gaps[at].first += units
      books.gaps[at].count -= units
      if books.gaps[at].count == 0 { books.gaps.remove(at: at) }
      return PFN(first * Self.unit)
    }
    guard units <= Self.endUnit - max(books.next, reserved) else { throw .enospc }
    if books.next < reserved {
      books.gaps.append(Gap(first: books.next, count: reserved - books.next))
      books.next = reserved
    }
    defer { books.next += units }
    return PFN(books.next * Self.unit)
  }

  /// Takes the range for `size` bytes that begins at `base`, as it was taken before a restart; false when some of it is
  /// taken, or was never to be had. O(gaps).
  package func take(_ base: PFN, bytes size: UInt64) -> Bool {
    let (first, units) = (base.rawValue / Self.unit, Self.units(size))
    guard base.rawValue % Self.unit == 0, first >= Self.firstUnit, first < Self.endUnit,
      units <= Self.endUnit - first
    else { return false }
    books.lock.lock()
    defer { books.lock.unlock() }
    if first >= books.next {
      if first > books.next { books.gaps.append(Gap(first: books.next, count: first - books.next)) }
      books.next = first + units
      return true
    }
    guard let at = books.gaps.lastIndex(where: { $0.first <= first }) else { return false }
    let gap = books.gaps[at]
    guard first + units <= gap.first + gap.count else { return false }
    let behind = Gap(first: first + units, count: gap.first + gap.count - (first + units))
    books.gaps[at].count = first - gap.first
    if behind.count > 0 { books.gaps.insert(behind, at: at + 1) }
    if books.gaps[at].count == 0 { books.gaps.remove(at: at) }
    return true
  }

  /// Takes back what ``allocate(bytes:)`` answered for the same `size`. O(gaps).
  package func free(_ base: PFN, bytes size: UInt64) {
    var gap = Gap(first: base.rawValue / Self.unit, count: Self.units(size))
    books.lock.lock()
    defer { books.lock.unlock() }
    var at = books.gaps.firstIndex { $0.first > gap.first } ?? books.gaps.count
    if at < books.gaps.count, gap.first + gap.count == books.gaps[at].first {
      gap.count += books.gaps.remove(at: at).count
    }
    if at > 0, books.gaps[at - 1].first + books.gaps[at - 1].count == gap.first {
      at -= 1
      gap.first = books.gaps[at].first
      gap.count += books.gaps.remove(at: at).count
    }
    if gap.first + gap.count == books.next {
      books.next = gap.first
    } else {
      books.gaps.insert(gap, at: at)
    }
  }

  private static func units(_ size: UInt64) -> UInt64 {
    size == 0 ? 1 : (size - 1) / (unit * Page.size) + 1
  }

  private struct Gap {
    var first: UInt64
    var count: UInt64
  }

  private final class Books: @unchecked Sendable {
    let lock = Lock()
    /// Free ranges below `next`, in order, no two of them touching.
    var gaps: [Gap] = []
    /// Everything from this unit on is free.
    var next = FrameAllocator.firstUnit
    /// Nothing is handed out below this unit.
    var reserved: UInt64 = 0
  }
}
