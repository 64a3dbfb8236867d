// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// The rings of this process: hands out slots, and makes another ring when they are used up.
///
/// The kernel does one registration at a time in a ring, and pinning 64 MiB of fresh memory takes it long. So
/// small registrations have rings of their own, and large ones go where nobody is at work: nobody who gives a few
/// pages back ever waits for somebody else's gigabyte.
package final class RingPool: @unchecked Sendable {
  package static let shared = RingPool()

  /// Whether the kernel lets this process have rings.
  package static var isAvailable: Bool { (try? Ring()) != nil }

  /// Up to 256 KiB is small.
  private static let smallBytes = 64 << Int(Page.shift)
  /// Rings for large registrations are made up to here rather than shared.
  private static let bulkRings = 4

  private let lock = Lock()
  private var small: [Seat] = []
  private var bulk: [Seat] = []
  /// Slots that the kernel has not emptied yet though asked to.
  private var owed: [RingSlot] = []

  /// A ring and its free slots; the pool's lock guards all but the ring.
  final class Seat: @unchecked Sendable {
    let ring: Ring
    /// Slots given back.
    var free: [UInt32] = []
    /// Slots from here on were never used.
    var next: UInt32 = 0
    /// Registrations under way.
    var busy = 0

    init(_ ring: Ring) { self.ring = ring }

    var hasRoom: Bool { !free.isEmpty || next < Ring.slots }

    func take() -> UInt32 {
      if let slot = free.popLast() { return slot }
      defer { next += 1 }
      return next
    }
  }

  /// Pins the bytes.
  /// - Throws: ENOSYS, EPERM, EACCES: no io_uring here; EFAULT: memory that may not be written, or is not there;
  ///   ENOMEM: over the limit of locked memory, or no memory.
  func register(_ bytes: UnsafeMutableRawBufferPointer) throws(Errno) -> RingSlot {
    settle()
    let slot = try take(isSmall: bytes.count <= Self.smallBytes)
    do {
      try unsafe slot.seat.ring.register(bytes, at: slot.index)
    } catch {
      lock.lock()
      slot.seat.busy -= 1
      slot.seat.free.append(slot.index)
      lock.unlock()
      throw error
    }
    lock.lock()
    slot.seat.busy -= 1
    lock.unlock()
    return slot
  }

  /// Takes the pins of `slots` back, neighbours in one call. Never fails: what the kernel has no memory for now is
  /// done with the next call.
  func unregister(_ slots: [RingSlot]) {
    var at = slots.startIndex
    while at < slots.endIndex {
      var end = at + 1
      while end < slots.endIndex, slots[end].seat === slots[at].seat,
        slots[end].index == slots[end - 1].index + 1
      {
        end += 1
      }
      let done = slots[at].seat.ring.unregister(slots[at].index, count: UInt32(end - at))
      lock.lock()
      if done {
        // In this order they come out ascending again, so that they are neighbours next time too.
        slots[at].seat.free.append(contentsOf: slots[at..<end].reversed().map(\.index))
      } else {
        owed.append(contentsOf: slots[at..<end])
      }
      lock.unlock()
      at = end
    }
  }

  private func settle() {
    lock.lock()
    let due = owed
    owed = []
    lock.unlock()
    if !due.isEmpty { unregister(due) }
  }

  private func take(isSmall: Bool) throws(Errno) -> RingSlot {
    lock.lock()
    defer { lock.unlock() }
    let seat = try isSmall ? Self.seat(in: &small, rings: 1) : Self.seat(in: &bulk, rings: Self.bulkRings)
    seat.busy += 1
    return RingSlot(seat: seat, index: seat.take())
  }

  /// A seat with room: idle if there is one or the number of rings allows for one more, else any.
  private static func seat(in seats: inout [Seat], rings: Int) throws(Errno) -> Seat {
    if let idle = seats.first(where: { $0.hasRoom && $0.busy == 0 }) { return idle }
    if seats.count >= rings, let any = seats.filter(\.hasRoom).min(by: { $0.busy < $1.busy }) { return any }
    do {
      seats.append(Seat(try Ring()))
    } catch {
      if let any = seats.first(where: \.hasRoom) { return any }
      throw error
    }
    return seats[seats.count - 1]
  }
}
