// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// An emulated device. Whatever it does to memory goes through the table that it is attached to.
package final class Device: @unchecked Sendable {
  package let profile: DeviceProfile
  private let lock = Lock()
  private var attached: PageTable?

  package init(_ profile: DeviceProfile) { self.profile = profile }

  /// The table that translates for the device now, or nil while nothing does.
  package var table: PageTable? {
    lock.lock()
    defer { lock.unlock() }
    return attached
  }

  /// Turns the device over to another table. Only with the lock of its ``PageTables`` held.
  func turn(to table: PageTable?) {
    lock.lock()
    let left = attached
    attached = table
    lock.unlock()
    // The last reference to a table may go here, and must not go with the lock held.
    _ = left
  }
}

/// An I/O page table of an IOAS: what the kernel calls an HWPT.
package final class PageTable: @unchecked Sendable {
  package let space: AddressSpace
  package let domain: any Domain
  package let shape: TableShape
  /// Made because a device was attached to an IOAS, and gone with the last such device; else made by itself, and gone
  /// when somebody destroys it.
  package let isAutomatic: Bool

  // Guarded by the lock of the PageTables that the table belongs to.
  var devices = 0
  /// It has left its IOAS.
  var isGone = false

  init(space: AddressSpace, domain: any Domain, shape: TableShape, isAutomatic: Bool) {
    self.space = space
    self.domain = domain
    self.shape = shape
    self.isAutomatic = isAutomatic
  }

  /// Whether it can tell what devices write.
  package var canTrack: Bool { domain.dirty != nil }

  /// Whether `device` may stand on it.
  func check(_ device: DeviceProfile) throws(Refusal) {
    guard device.shape == shape else { throw .unlike(.shape) }
    guard device.dirtyTracking || !canTrack else { throw .unlike(.dirtyTracking) }
  }
}
