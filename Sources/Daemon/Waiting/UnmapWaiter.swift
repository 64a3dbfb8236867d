// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Who waits to unmap some areas, and how much of what others hold is still in the way. Confined to the loop.
package final class UnmapWaiter {
  package let session: SessionID
  package let space: HeldSpace
  package let ranges: UnmapRanges
  /// Released when nothing of others is in the way any more, and when the engine may answer otherwise than before.
  package let list = WaitList()
  /// When it gives up, by ``Monotonic``.
  package let deadline: UInt64
  /// Called for what comes into the way while it waits.
  var tell: (Claim) -> Void = { _ in }

  /// Parts in the way by connection, its own too.
  private(set) var counts: [SessionID: Int] = [:]
  /// Those of other connections together.
  private(set) var others = 0

  init(_ session: SessionID, _ space: HeldSpace, _ ranges: UnmapRanges, deadline: UInt64) {
    self.session = session
    self.space = space
    self.ranges = ranges
    self.deadline = deadline
  }

  /// Milliseconds that are left.
  package var milliseconds: UInt32 {
    let now = Monotonic.milliseconds
    return now < deadline ? UInt32(clamping: deadline - now) : 0
  }

  /// Begins to count with what is in the way now.
  func count(_ claims: [Claim]) {
    counts = [:]
    others = 0
    for claim in claims {
      counts[claim.session, default: 0] += claim.parts.count
      if claim.session != session { others += claim.parts.count }
    }
  }

  /// One part more: a request that was under way when the areas were marked has got it.
  func came(_ claim: Claim) {
    counts[claim.session, default: 0] += 1
    guard claim.session != session else { return }
    others += 1
    tell(claim)
  }

  func went(_ owner: SessionID) {
    guard let count = counts[owner] else { return }
    counts[owner] = count > 1 ? count - 1 : nil
    guard owner != session else { return }
    others -= 1
    if others == 0 { list.release() }
  }
}

/// The connections that wait to unmap something. Confined to the loop.
package final class UnmapWaiters {
  private var waiting: [SessionID: UnmapWaiter] = [:]

  /// One for each connection.
  func add(_ waiter: UnmapWaiter) {
    assert(waiting[waiter.session] == nil)
    waiting[waiter.session] = waiter
  }

  func remove(_ waiter: UnmapWaiter) {
    if waiting[waiter.session] === waiter { waiting[waiter.session] = nil }
  }

  /// Those in `context`, in the order of their connections.
  func all(in context: Context) -> [UnmapWaiter] {
    waiting.values.filter { waiter in
      if case .ioas(let space)? = context.objects[waiter.space.id] { space === waiter.space } else { false }
    }.sorted { $0.session.rawValue < $1.session.rawValue }
  }

  /// Whether somebody whom `waiter` has to wait for waits in turn, over however many others, for the connection of
  /// `waiter`. O(those who wait, times those whom each waits for).
  func closesCircle(_ waiter: UnmapWaiter) -> Bool {
    var seen: Set<SessionID> = [waiter.session]
    var next = Array(waiter.counts.keys)
    while let session = next.popLast() {
      guard seen.insert(session).inserted, let other = waiting[session] else { continue }
      if other.counts[waiter.session] != nil { return true }
      next += other.counts.keys
    }
    return false
  }
}
