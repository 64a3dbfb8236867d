// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// The I/O page tables of one context, and which device stands on which.
///
/// Calls may come from any thread. One lock serves a whole context: attaching is rare, and two devices that
/// come at the same time have to find each other's table. It is the outermost of the engine's locks.
package final class PageTables: @unchecked Sendable {
  package typealias Maker = @Sendable (TableShape) throws(Refusal) -> any Domain

  /// What an attachment did.
  package struct Change: Sendable {
    /// The table that translates for the device now.
    package var table: PageTable
    /// The table was made for it.
    package var isNew: Bool
    /// The automatic table that the device was the last one on.
    package var gone: PageTable?
  }

  private let make: Maker
  private let lock = Lock()
  private var automatic: [PageTable] = []

  /// - Parameter make: answers an empty domain of a shape, or refuses for want of memory.
  package init(make: @escaping Maker) { self.make = make }

  // MARK: Tables by themselves

  /// Makes a table of `shape` for `space` and fills it with every area. It takes its aperture and alignment now, and
  /// is never picked for a device that is attached to the space.
  ///
  /// - Throws: ``Refusal/addressInUse(_:)`` when areas or promises stand in the way, what filling refuses, `contended`.
  package func make(
    _ shape: TableShape, in space: AddressSpace, tracking: Bool, _ waiting: Waiting = .wait
  ) throws(Refusal) -> PageTable {
    let domain = try make(shape)
    let table = PageTable(
      space: space, domain: tracking ? TrackingDomain(domain) : domain, shape: shape, isAutomatic: false)
    try space.attach(table.domain, waiting)
    return table
  }

  /// Makes a table of `space` that was there before a restart. What cannot be pinned again is left out of it; what
  /// devices wrote before is not known, so a table that tracks begins with all of it marked.
  ///
  /// An automatic one has to get a device next. Of equal automatic tables there is one.
  /// - Parameter begins: as for ``AddressSpace/restore(_:begins:)``.
  /// - Throws: ``Refusal/addressInUse(_:)``, `tableMemory`.
  package func restore(
    _ shape: TableShape, in space: AddressSpace, isAutomatic: Bool, canTrack: Bool, isTracking: Bool,
    begins: ((any PinAccount)?) -> Void
  ) throws(Refusal) -> PageTable {
    let domain = try make(shape)
    let table = PageTable(
      space: space, domain: canTrack ? TrackingDomain(domain) : domain, shape: shape,
      isAutomatic: isAutomatic)
    try space.restore(table.domain, begins: begins)
    if isTracking, let log = table.domain.dirty {
      log.setTracking(true)
      for area in space.areas() { log.mark(area.range) }
    }
    if isAutomatic {
      lock.lock()
      automatic.append(table)
      lock.unlock()
    }
    return table
  }

  /// Takes a table that was made by itself out of its space.
  ///
  /// - Throws: ``Refusal/objectBusy(_:)`` while devices stand on it, `contended`.
  package func destroy(_ table: PageTable, _ waiting: Waiting = .wait) throws(Refusal) {
    precondition(!table.isAutomatic)
    try take(waiting)
    defer { lock.unlock() }
    guard table.devices == 0 else { throw .objectBusy(0) }
    if table.isGone { return }
    try table.space.detach(table.domain, waiting)
    table.isGone = true
  }

  // MARK: Devices on tables

  /// Attaches `device` to the automatic table of its shape in `space`, made and filled if there is none.
  ///
  /// A device that stands on another table changes over: it is served by one or the other at any time, so that what
  /// both translate is never missed. That is only done with ``Waiting/wait``.
  /// - Throws: ``Refusal/addressInUse(_:)`` when areas stand in the way, what filling a table refuses, or
  ///   ``Refusal/contended``. Nothing has changed then.
  package func attach(
    _ device: Device, to space: AddressSpace, _ waiting: Waiting = .wait
  ) throws(Refusal) -> Change {
    try take(waiting)
    defer { lock.unlock() }
    let old = device.table
    if let old, old.isAutomatic, old.space === space {
      return Change(table: old, isNew: false, gone: nil)
    }
    if let table = automatic.first(where: { $0.space === space && $0.shape == device.profile.shape }) {
      return try change(device, over: old, to: table, isNew: false, waiting)
    }
    let table = PageTable(
      space: space, domain: try make(device.profile.shape), shape: device.profile.shape, isAutomatic: true)
    return try change(device, over: old, to: table, isNew: true, waiting)
  }

  /// Attaches `device` to `table`, else as ``attach(_:to:_:)-(_,AddressSpace,_)`` does.
  /// - Throws: ``Refusal/unlike(_:)`` too, when the device does not have the table's shape, or does not track what it
  ///   writes as the table does.
  package func attach(
    _ device: Device, to table: PageTable, _ waiting: Waiting = .wait
  ) throws(Refusal) -> Change {
    try take(waiting)
    defer { lock.unlock() }
    try table.check(device.profile)
    let old = device.table
    if old === table { return Change(table: table, isNew: false, gone: nil) }
    if table.isGone { throw .noSuchObject(0) }
    return try change(device, over: old, to: table, isNew: false, waiting)
  }

  /// Takes `device` off its table.
  /// - Returns: the automatic table that went with it, if it was the last there.
  /// - Throws: ``Refusal/contended`` alone, and nothing has changed then.
  package func detach(_ device: Device, _ waiting: Waiting = .wait) throws(Refusal) -> PageTable? {
    try take(waiting)
    defer { lock.unlock() }
    guard let table = device.table else { return nil }
    return try leave(table, device, waiting)
  }

  private func take(_ waiting: Waiting) throws(Refusal) {
    switch waiting {
    case .wait: lock.lock()
    case .tryOnly: if !lock.tryLock() { throw .contended }
    }
  }

  private func change(
    _ device: Device, over old: PageTable?, to table: PageTable, isNew: Bool, _ waiting: Waiting
  ) throws(Refusal) -> Change {
    // Two spaces in turn: the undo of the first cannot be left to chance.
    if old != nil, waiting == .tryOnly { throw .contended }
    try enter(table, device, isNew: isNew, waiting)
    var gone: PageTable?
    if let old {
      do {
        gone = try leave(old, device, waiting, turningTo: table)
      } catch {
        _ = try? leave(table, device, .wait, turningTo: old)
        throw error
      }
    } else {
      device.turn(to: table)
    }
    return Change(table: table, isNew: isNew, gone: gone)
  }

  private func enter(
    _ table: PageTable, _ device: Device, isNew: Bool, _ waiting: Waiting
  ) throws(Refusal) {
    let arrives = device.table?.space !== table.space
    if arrives { try table.space.reserve(device.profile.reserved, for: device, waiting) }
    if isNew {
      do {
        try table.space.attach(table.domain, waiting)
      } catch {
        if arrives { table.space.unreserve(for: device) }
        throw error
      }
      automatic.append(table)
    }
    table.devices += 1
  }

  private func leave(
    _ table: PageTable, _ device: Device, _ waiting: Waiting, turningTo next: PageTable? = nil
  ) throws(Refusal) -> PageTable? {
    let isLast = table.isAutomatic && table.devices == 1
    device.turn(to: next)
    if isLast {
      do {
        try table.space.detach(table.domain, waiting)
      } catch {
        device.turn(to: table)
        throw error
      }
      table.isGone = true
      automatic.removeAll { $0 === table }
    }
    table.devices -= 1
    if next?.space !== table.space { table.space.unreserve(for: device) }
    return isLast ? table : nil
  }
}
