// SPDX-License-Identifier: Apache-2.0

import IommuCore

/// An origin over memory of this machine, and how that is held.
package protocol MemoryOrigin: Origin {
  /// Whether its memory may be written through it.
  var writable: Bool { get }

  /// How pinned memory is held here.
  var residency: Residency { get }

  /// Pages that holders have pinned; one that two holders have counts twice.
  var pinnedPages: UInt64 { get }

  /// Pages that the kernel holds, those included that are retained until the rest of their registration goes.
  var registeredPages: UInt64 { get }
}
