// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// An area as it was when somebody looked.
package struct AreaInfo: Sendable {
  package var range: IOVARange
  package var pages: Pages
  /// Byte of the pages object at the first IOVA.
  package var byteOffset: UInt64
  package var protection: Protection
  package var state: Area.State
  /// Pins of accesses that reach into the area.
  package var pins: UInt32
  /// Unmaps that wait for the area.
  package var marks: UInt32
  /// Domains should translate it and do not.
  package var isDegraded: Bool

  /// Byte of the origin at the first IOVA.
  package var originOffset: UInt64 { pages.firstInOrigin << Page.shift + byteOffset }
}

extension AddressSpace {
  static func info(_ area: Area) -> AreaInfo {
    AreaInfo(
      range: area.range, pages: area.pages, byteOffset: area.byteOffset, protection: area.protection,
      state: area.state, pins: area.pins, marks: area.marks, isDegraded: area.isDegraded)
  }

  /// At most `limit` areas in order of IOVA, from the first whose IOVA lies above `after`. O(log n + limit).
  package func areas(after: IOVA? = nil, limit: Int = .max) -> [AreaInfo] {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    guard limit > 0, after?.rawValue != .max,
      var cursor = tree.cursor(from: after.map { $0.rawValue + 1 } ?? 0)
    else { return [] }
    var areas: [AreaInfo] = []
    repeat {
      areas.append(Self.info(Self.area(of: cursor.entry)))
    } while areas.count < limit && cursor.advance()
    return areas
  }

  /// The area that holds `iova`. O(log n).
  package func area(at iova: IOVA) -> AreaInfo? {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return anyArea(in: IOVARange(iova, through: iova)).map(Self.info)
  }

  package var areaCount: Int {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return tree.count
  }

  /// Areas that no domain translates though it should.
  package var degradedAreas: Int {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return degraded
  }

  /// Accesses that stand on the space.
  package var accesses: Int {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return accessCount
  }

  /// The IOVAs that may be mapped, in order, and the alignment that mappings must keep.
  package func usable() -> (ranges: [IOVARange], alignment: UInt64) {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return (limits.usable, alignment)
  }

  /// What was chosen for the space, whatever stands on it: where it may choose IOVAs, and what is out of use without
  /// belonging to a device.
  package var chosenRanges: (allowed: [IOVARange], reserved: [IOVARange]) {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return (limits.allowed, limits.reservations.filter { $0.owner == nil }.map(\.range))
  }

  /// Whether domains get large leaves.
  package var usesHugePages: Bool {
    // It is set under both locks.
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return hugePages
  }

  /// Bytes that the map of IOVAs takes from the heap, without the areas themselves.
  package var engineBytes: UInt64 {
    iovaLock.lock()
    defer { iovaLock.unlock() }
    return tree.bytes
  }

  /// Looks at the map and every pages object in it. For tests, with nothing else going on.
  package func _checkInvariants() {
    iovaLock.lock()
    tree._checkInvariants()
    iovaLock.unlock()
    for area in areas() {
      precondition(area.state == .live, "an area stayed in transition")
      area.pages._checkInvariants()
    }
  }
}
