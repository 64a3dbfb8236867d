// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// How many objects of each kind all contexts hold, and what has happened so far. Confined to the loop.
package final class Census {
  package var totals = ServerStats.Totals()
  /// Pins that accesses hold.
  package var pins: UInt64 = 0
  private var counts = [UInt64](repeating: 0, count: ObjectKind.allCases.count)

  package init() {}

  package var objects: ServerStats.Objects {
    var objects = ServerStats.Objects()
    objects.ioas = self[.ioas]
    objects.device = self[.device]
    objects.hwpt = self[.hwpt]
    objects.access = self[.access]
    objects.memory = self[.memory]
    objects.pages = self[.pages]
    return objects
  }

  package subscript(kind: ObjectKind) -> UInt64 { counts[kind.position] }

  func came(_ kind: ObjectKind) { counts[kind.position] += 1 }

  func went(_ kind: ObjectKind, _ count: UInt64 = 1) {
    precondition(counts[kind.position] >= count)
    counts[kind.position] -= count
  }
}

extension ObjectKind {
  fileprivate var position: Int {
    switch self {
    case .ioas: 0
    case .device: 1
    case .hwpt: 2
    case .access: 3
    case .memory: 4
    case .pages: 5
    }
  }
}
