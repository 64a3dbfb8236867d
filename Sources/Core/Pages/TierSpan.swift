// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// The tier that a frame is read from.
package enum Tier: Hashable, Sendable {
  /// Tier 1, the pages object's own store.
  case store
  /// Tier 2, a domain.
  case domain
  /// Tier 3: only the origin knows the frame, and it is not pinned.
  case origin
}

/// A stretch of a pages object that is held alike from end to end.
package struct TierSpan: Hashable, Sendable {
  package var range: IndexRange
  package var tier: Tier
  /// Accesses that hold it.
  package var accesses: UInt64
  /// Areas that show it to domains.
  package var domains: UInt64
  /// Whether it is pinned: exactly when anybody holds it.
  package var isPinned: Bool { tier != .origin }
}

extension Pages {
  /// Indexes pinned, which is also what is charged. Fails only as try-only.
  package func pinnedPages(_ waiting: Waiting = .wait) throws(Refusal) -> UInt64 {
    try acquire(waiting)
    defer { lock.unlock() }
    return pinned
  }

  /// Bytes that the engine takes for tier 1 and the two trees. Fails only as try-only.
  package func engineBytes(_ waiting: Waiting = .wait) throws(Refusal) -> UInt64 {
    try acquire(waiting)
    defer { lock.unlock() }
    return store.bytes + accesses.bytes + domains.bytes
  }

  /// Bytes that tier 1 takes. O(runs).
  package var storeBytes: UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return store.bytes
  }

  /// Which tier holds which indexes, in order and without gaps. Neighbouring spans differ. Fails only as try-only. O(holders log).
  package func tiers(_ waiting: Waiting = .wait) throws(Refusal) -> [TierSpan] {
    try acquire(waiting)
    defer { lock.unlock() }
    // A sweep over the borders of all holders.
    var borders: [(index: UInt64, accesses: Int64, domains: Int64)] = []
    if var cursor = accesses.cursor(from: UInt64(0)) {
      repeat {
        let holders = Int64(cursor.entry.payload)
        borders.append((cursor.entry.first, holders, 0))
        borders.append((cursor.entry.last + 1, -holders, 0))
      } while cursor.advance()
    }
    if var cursor = domains.cursor(from: UInt64(0)) {
      repeat {
        borders.append((cursor.entry.first, 0, 1))
        borders.append((cursor.entry.last + 1, 0, -1))
      } while cursor.advance()
    }
    borders.sort { $0.index < $1.index }
    borders.append((count, 0, 0))
    var spans: [TierSpan] = []
    var position: UInt64 = 0
    var byAccess: Int64 = 0
    var byDomain: Int64 = 0
    for border in borders {
      if border.index > position {
        let tier: Tier = byAccess > 0 ? .store : byDomain > 0 ? .domain : .origin
        var span = TierSpan(
          range: IndexRange(position, through: border.index - 1), tier: tier,
          accesses: UInt64(byAccess), domains: UInt64(byDomain))
        if let last = spans.last, last.tier == tier, last.accesses == span.accesses,
          last.domains == span.domains
        {
          span.range.first = last.range.first
          spans.removeLast()
        }
        spans.append(span)
        position = border.index
      }
      byAccess += border.accesses
      byDomain += border.domains
    }
    return spans
  }
}

extension Pages {
  /// Appends the frames of `range`, all of which somebody holds, to `batch` until it is full; answers the pages
  /// appended. Pins nothing. O(log n + runs).
  package func heldFrames(of range: IndexRange, into batch: inout RunBatch) -> UInt64 {
    lock.lock()
    defer { lock.unlock() }
    precondition(unheld(in: range) == 0, "frames that nobody holds are not known")
    var reader = PageReader(self, range, limit: batch.limit)
    let before = batch.pages
    do throws(Refusal) {
      try reader.fill(&batch)
    } catch {
      preconditionFailure("a reader of held pages has nothing to pin")
    }
    return batch.pages - before
  }
}
