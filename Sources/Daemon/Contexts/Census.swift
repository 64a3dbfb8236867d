// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// How many objects of each kind all contexts hold, and what has happened so far. Confined to the loop.
package final class Census {
  package var objects = ServerStats.Objects()
  package var totals = ServerStats.Totals()
  /// Pins that accesses hold.
  package var pins: UInt64 = 0

  package init() {}

  func count(_ kind: ObjectKind, by change: Int) {
    let path: WritableKeyPath<ServerStats.Objects, UInt64> =
      switch kind {
      case .ioas: \.ioas
      case .device: \.device
      case .hwpt: \.hwpt
      case .access: \.access
      case .memory: \.memory
      case .pages: \.pages
      }
    let next = Int(objects[keyPath: path]) + change
    precondition(next >= 0)
    objects[keyPath: path] = UInt64(next)
  }
}
