// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// What a context holds under one id.
package enum Entry {
  case ioas(HeldSpace)
  case device(HeldDevice)
  case hwpt(HeldTable)
  case access(HeldAccess)
  case memory(HeldMemory)
  case pages(SliceInfo)

  package var kind: ObjectKind {
    switch self {
    case .ioas: .ioas
    case .device: .device
    case .hwpt: .hwpt
    case .access: .access
    case .memory: .memory
    case .pages: .pages
    }
  }

  /// Whether the objects quota pays for it. A slice is paid for by its area.
  var isCharged: Bool {
    if case .pages = self { false } else { true }
  }
}

/// An IOAS of a context. Confined to the loop, as all that is held by a context.
package final class HeldSpace: Busy {
  package let id: ObjectID
  package let space: AddressSpace
  /// Nothing that is mapped in it is pinned.
  package let isAdvisory: Bool
  package var inFlight = 0
  /// Accesses that stand on it.
  package var accesses = 0
  /// HWPTs that stand on it.
  package var tables: [HeldTable] = []
  /// Its last areas are being unmapped; nothing new comes to it.
  package var isClosing = false
  /// Who holds areas of it, so that they cannot be unmapped.
  private(set) var holders: [ObjectIdentifier: any Holder] = [:]
  /// Who waits for them to let go.
  var waiters: [UnmapWaiter] = []
  /// Counts what may let the engine answer an unmap otherwise than before.
  private(set) var changes: UInt64 = 0

  package init(id: ObjectID, space: AddressSpace, isAdvisory: Bool) {
    self.id = id
    self.space = space
    self.isAdvisory = isAdvisory
  }

  /// `holder` holds `range` now, and nothing of it before if `isFirst`.
  func came(_ claim: Claim, _ range: IOVARange, isFirst: Bool) {
    changes += 1
    if isFirst { holders[ObjectIdentifier(claim.holder)] = claim.holder }
    for waiter in waiters where waiter.ranges.overlap(range) { waiter.came(claim) }
  }

  /// `session` has let go of `range`, and of all that `holder` holds if `isLast`.
  func went(_ holder: any Holder, _ session: SessionID, _ range: IOVARange, isLast: Bool) {
    changes += 1
    if isLast { holders[ObjectIdentifier(holder)] = nil }
    for waiter in waiters where waiter.ranges.overlap(range) { waiter.went(session) }
  }

  package func settled() {
    changes += 1
    for waiter in waiters { waiter.list.release() }
  }

  /// Breaks the circles that whoever holds something is part of.
  func forgetHolders() {
    holders = [:]
    settled()
  }
}

/// A device of a context.
package final class HeldDevice: Busy {
  package let id: ObjectID
  package let device: Device
  package var inFlight = 0
  /// The HWPT that it is attached to.
  package var table: HeldTable?

  package init(id: ObjectID, device: Device) {
    self.id = id
    self.device = device
  }
}

/// An HWPT of a context.
package final class HeldTable: Busy {
  package let id: ObjectID
  package let table: PageTable
  /// The IOAS that it translates.
  package let space: HeldSpace
  package var inFlight = 0
  /// Devices attached to it.
  package var devices = 0
  /// It is leaving its IOAS; nothing new comes to it.
  package var isClosing = false
  private let account: Account
  /// Bytes of the marks that devices left, as they are in the books. The table itself is paid for as it grows.
  private var booked: UInt64 = 0

  package init(id: ObjectID, table: PageTable, space: HeldSpace, account: Account) {
    self.id = id
    self.table = table
    self.space = space
    self.account = account
  }

  deinit { account.book(0, insteadOf: booked, of: .engineBytes) }

  /// Brings the books up to date with what the marks take now.
  package func book() {
    let bytes = table.domain.dirty?.bytes ?? 0
    if bytes == booked { return }
    account.book(bytes, insteadOf: booked, of: .engineBytes)
    booked = bytes
  }
}

/// A pin of an access. It belongs to the connection that made it.
package struct HeldPin {
  package var session: SessionID
  package var uid: UInt32
  package var range: IOVARange
  /// When it was made, by ``Monotonic``.
  package var since: UInt64
  /// What the books say that it takes of the daemon's own memory.
  fileprivate var bytes: UInt64
}

/// An access of a context.
package final class HeldAccess: Busy {
  package let id: ObjectID
  package let access: Access
  /// The IOAS that it stands on.
  package var space: HeldSpace
  package let pins: Bool
  package var inFlight = 0
  /// Its last pins are being let go; nothing new is pinned.
  package var isClosing = false
  /// A worker turns it to another IOAS.
  package var isMoving = false
  /// Its pins, by their ids.
  package private(set) var held: [UInt32: HeldPin] = [:]
  private let account: Account
  private let census: Census
  /// Bytes of all pins, as they are in the books.
  private var booked: UInt64 = 0

  package init(
    id: ObjectID, access: Access, space: HeldSpace, pins: Bool, account: Account, census: Census
  ) {
    self.id = id
    self.access = access
    self.space = space
    self.pins = pins
    self.account = account
    self.census = census
  }

  package func settled() { space.settled() }

  deinit { account.book(0, insteadOf: booked, of: .engineBytes) }

  /// What a pin takes of the daemon's own memory, about as was measured, so that nobody fills it by pinning one page
  /// over and over.
  private static func bytes(pieces: Int) -> UInt64 { 256 + 64 * UInt64(pieces) }
  /// What a pin takes at least, and is paid for in advance.
  package static var leastPinBytes: UInt64 { bytes(pieces: 1) }

  /// Takes in a pin that `session` has made, for which ``leastPinBytes`` are paid.
  package func hold(_ pin: Access.Pin, for session: Session) {
    let bytes = Self.bytes(pieces: pin.segments.count)
    let now = Monotonic.milliseconds
    held[pin.id] = HeldPin(session: session.id, uid: session.uid, range: pin.range, since: now, bytes: bytes)
    account.book(bytes, insteadOf: Self.leastPinBytes, of: .engineBytes)
    booked += bytes
    census.pins += 1
    var claim = Claim(self, session.id, uid: session.uid, pin.range, since: now)
    claim.add(pin.id, pin.range, since: now)
    space.came(claim, pin.range, isFirst: held.count == 1)
  }

  /// A pin is no more.
  package func forget(_ pin: UInt32) {
    guard let gone = held.removeValue(forKey: pin) else { return }
    account.book(0, insteadOf: gone.bytes, of: .engineBytes)
    booked -= gone.bytes
    census.pins -= 1
    space.went(self, gone.session, gone.range, isLast: held.isEmpty)
  }
}
