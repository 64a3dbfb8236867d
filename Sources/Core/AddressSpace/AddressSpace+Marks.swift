// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Areas that somebody is about to unmap, once those who hold them have let go.
///
/// Nobody pins, reads or writes through a marked area; devices go on, and so do pins and copies that were there
/// before. Several marks may lie on one area, which is free again when the last has been taken back.
package final class Mark: @unchecked Sendable {
  private let space: AddressSpace
  // Guarded by the space's IOVA lock, as the counts of the areas are.
  private var areas: ShortList<Area>

  /// `iovaLock` is held.
  fileprivate init(_ space: AddressSpace, _ areas: ShortList<Area>) {
    self.space = space
    self.areas = areas
    count = areas.count
    for area in areas { area.marks += 1 }
  }

  deinit { takeBack() }

  /// Areas that it was put on, those included that have been unmapped since.
  package let count: Int

  /// Takes the mark back; a second time does nothing. What was unmapped meanwhile is of no concern. O(areas).
  package func takeBack() {
    space.iovaLock.lock()
    defer { space.iovaLock.unlock() }
    for area in areas {
      precondition(area.marks > 0)
      area.marks -= 1
    }
    areas = ShortList()
  }
}

extension AddressSpace {
  /// Marks every area that ``unmap(_:_:)`` with the same ranges would take, or all areas for nil. Pins do not
  /// matter. O(areas + log n).
  ///
  /// - Throws: as `unmap`, but for ``Refusal/pinned(_:)``; nothing is marked then.
  package func mark(_ ranges: [IOVARange]?, _ waiting: Waiting = .wait) throws(Refusal) -> Mark {
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    var areas = ShortList<Area>()
    try collect(ranges, into: &areas, waiting) { _ in }
    return Mark(self, areas)
  }
}
