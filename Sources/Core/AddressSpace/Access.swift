// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A software user of an address space: holds ranges pinned, as a device emulator does.
package final class Access: @unchecked Sendable {
  /// Whether the access may pin, which keeps mappings aligned to pages.
  package let pins: Bool

  private let lock = Lock()
  // Guarded by the lock, as is all below.
  private var space: AddressSpace
  private var held: [UInt32: Pin] = [:]
  private var lastID: UInt32 = 0
  private var isClosed = false

  /// A pinned range of IOVAs.
  package struct Pin: Sendable {
    package let id: UInt32
    package let range: IOVARange
    package let write: Bool
    /// The memory behind the range, in order.
    package let segments: [Segment]
    fileprivate let areas: [Area]
  }

  /// Bytes that follow each other in one origin.
  package struct Segment: Sendable {
    package let pages: Pages
    /// Byte of the origin.
    package let offset: UInt64
    /// Bytes.
    package let length: UInt64
  }

  /// - Throws: ``Refusal/addressInUse(_:)`` when `pins` and areas are not aligned to pages; `contended`.
  package init(_ space: AddressSpace, pins: Bool, _ waiting: Waiting = .wait) throws(Refusal) {
    self.space = space
    self.pins = pins
    do throws(Refusal) {
      try space.addAccess(pins: pins, waiting)
    } catch {
      // What never stood on the space has nothing to leave.
      isClosed = true
      throw error
    }
  }

  deinit { precondition(isClosed, "an access died open") }

  /// Names of its pins, for tests.
  package var _pinIDs: Set<UInt32> {
    lock.lock()
    defer { lock.unlock() }
    return Set(held.keys)
  }

  // MARK: Pinning

  /// Pins `range`, all of which areas cover, until ``unpin(_:_:)``. Pins may overlap and repeat.
  ///
  /// The start, and every border between areas inside the range, must be a page's border in the memory.
  /// - Throws: ``Refusal/notMapped(_:)``, `misaligned`, `protected`, `marked`, `readOnly`, `pinLimit`, and what
  ///   the origin refuses; nothing is pinned then.
  package func pin(_ range: IOVARange, write: Bool, _ waiting: Waiting = .wait) throws(Refusal) -> Pin {
    precondition(pins, "this access does not pin")
    try acquire(waiting)
    defer { lock.unlock() }
    let slices = try space.beginPin(range, write: write, waiting)
    do throws(Refusal) {
      try hold(slices, write: write, waiting)
    } catch {
      space.endPin(slices.map(\.area))
      throw error
    }
    repeat { lastID &+= 1 } while lastID == 0 || held[lastID] != nil
    let pin = Pin(
      id: lastID, range: range, write: write, segments: Self.segments(slices), areas: slices.map(\.area))
    held[lastID] = pin
    return pin
  }

  private func hold(_ slices: [AddressSpace.Slice], write: Bool, _ waiting: Waiting) throws(Refusal) {
    var locked: [Pages] = []
    if waiting == .tryOnly { locked = try space.tryLockPages(of: slices.map(\.area)) }
    defer { for pages in locked { pages.lock.unlock() } }
    if waiting == .tryOnly {
      let pages = slices.reduce(0) { $0 + $1.area.pages.unheld(in: Self.indexes($1)) }
      guard pages <= Quick.pages, slices.allSatisfy({ $0.area.pages.isQuick(Self.indexes($0)) }) else {
        throw .contended
      }
    }
    for (position, slice) in slices.enumerated() {
      do throws(Refusal) {
        try space.withPages(slice.area.pages, waiting) { () throws(Refusal) in
          try slice.area.pages.addAccess(Self.indexes(slice), write: write)
        }
      } catch {
        for done in slices[..<position] {
          space.withPages(done.area.pages, waiting) { done.area.pages.removeAccess(Self.indexes(done)) }
        }
        throw error
      }
    }
  }

  private static func indexes(_ slice: AddressSpace.Slice) -> IndexRange {
    indexes(slice.area, slice.range)
  }

  private static func indexes(_ area: Area, _ range: IOVARange) -> IndexRange {
    let first = area.byteOffset + (range.first.rawValue - area.range.first.rawValue)
    let last = area.byteOffset + (range.last.rawValue - area.range.first.rawValue)
    return IndexRange(first >> Page.shift, through: last >> Page.shift)
  }

  private static func segments(_ slices: [AddressSpace.Slice]) -> [Segment] {
    slices.map { slice in
      Segment(
        pages: slice.area.pages, offset: slice.area.originOffset(of: slice.range.first),
        length: slice.range.last.rawValue - slice.range.first.rawValue + 1)
    }
  }

  /// Lets a pin go.
  ///
  /// - Throws: ``Refusal/noSuchPin(_:)``, `contended`.
  package func unpin(_ id: UInt32, _ waiting: Waiting = .wait) throws(Refusal) {
    try acquire(waiting)
    defer { lock.unlock() }
    guard let pin = held[id] else { throw .noSuchPin(id) }
    try release(pin, waiting)
    held[id] = nil
  }

  private func release(_ pin: Pin, _ waiting: Waiting) throws(Refusal) {
    var locked: [Pages] = []
    if waiting == .tryOnly { locked = try space.tryLockPages(of: pin.areas) }
    for area in pin.areas {
      guard let part = area.range.intersection(pin.range) else { continue }
      space.withPages(area.pages, waiting) { area.pages.removeAccess(Self.indexes(area, part)) }
    }
    for pages in locked { pages.lock.unlock() }
    space.endPin(pin.areas)
  }

  /// Lets every pin go and leaves the address space. Fails only as try-only, when some pins may have gone
  /// already; the caller closes again.
  package func close(_ waiting: Waiting = .wait) throws(Refusal) {
    try acquire(waiting)
    defer { lock.unlock() }
    guard !isClosed else { return }
    for pin in held.values {
      try release(pin, waiting)
      held[pin.id] = nil
    }
    isClosed = true
    space.removeAccess(pins: pins)
  }

  /// Turns to another address space, whose alignment rises where this access pins; that of the one it leaves falls.
  /// The access stands on one of the two at any time.
  ///
  /// - Throws: ``Refusal/pinsHeld(_:)`` while it holds pins, ``Refusal/addressInUse(_:)`` when areas of the new space
  ///   are not aligned to pages, `contended`; it stays where it was then.
  package func replace(with next: AddressSpace, _ waiting: Waiting = .wait) throws(Refusal) {
    try acquire(waiting)
    defer { lock.unlock() }
    guard held.isEmpty else { throw .pinsHeld(held.count) }
    if next === space { return }
    try next.addAccess(pins: pins, waiting)
    space.removeAccess(pins: pins)
    space = next
  }

  /// The pins held, by id. Fails only as try-only.
  package func currentPins(_ waiting: Waiting = .wait) throws(Refusal) -> [Pin] {
    try acquire(waiting)
    defer { lock.unlock() }
    return held.values.sorted { $0.id < $1.id }
  }

  private func acquire(_ waiting: Waiting) throws(Refusal) {
    switch waiting {
    case .wait: lock.lock()
    case .tryOnly: guard lock.tryLock() else { throw .contended }
    }
  }
}

/// What an access asks of its address space.
extension AddressSpace {
  func addAccess(pins: Bool, _ waiting: Waiting) throws(Refusal) {
    // The map of IOVAs is enough. Whoever maps looks at the alignment and puts the area into the map under one hold of
    // its lock: it is found here although it is still being filled, or it sees what is raised here. Devices that copy
    // hold the domain list for long, and are not waited for.
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    if pins, alignment < Page.size {
      try checkQuickWalk(waiting)
      try checkAlignment(Page.size)
    }
    accessCount += 1
    if pins { pinningAccesses += 1 }
  }

  func removeAccess(pins: Bool) {
    iovaLock.lock()
    accessCount -= 1
    if pins { pinningAccesses -= 1 }
    iovaLock.unlock()
  }

  /// Finds the areas that cover all of `range` and keeps them from being unmapped until ``endPin(_:)``.
  func beginPin(_ range: IOVARange, write: Bool, _ waiting: Waiting) throws(Refusal) -> [Slice] {
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    let slices = try cover(range, waiting)
    for (position, slice) in slices.enumerated() {
      let start = slice.area.originOffset(of: slice.range.first)
      if start & Page.offsetMask != 0 {
        let quantity = position == 0 ? Refusal.Quantity.iova : .innerBorder
        throw .misaligned(quantity, value: slice.range.first.rawValue, alignment: Page.size)
      }
      if position + 1 < slices.count,
        (slice.area.originOffset(of: slice.range.last) + 1) & Page.offsetMask != 0
      {
        throw .misaligned(.innerBorder, value: slice.range.last.rawValue, alignment: Page.size)
      }
      guard slice.area.protection.contains(write ? .write : .read) else {
        throw .protected(slice.area.range, write: write)
      }
    }
    try checkUnmarked(slices)
    for slice in slices { slice.area.pins += 1 }
    return slices
  }

  func endPin(_ areas: [Area]) {
    iovaLock.lock()
    for area in areas { area.pins -= 1 }
    iovaLock.unlock()
  }
}
