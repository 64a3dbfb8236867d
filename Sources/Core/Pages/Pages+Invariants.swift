// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// The engine's invariants as code: debug builds look at what an operation touched, tests at everything.
extension Pages {
  /// I1 and I2 over `range`: tier 1 holds what accesses cover and nothing else. Debug builds only.
  func debugCheck(_ range: IndexRange) {
    #if DEBUG
      checkTiers(range)
    #endif
  }

  /// I5 at an unpin: nobody holds the indexes, so no domain may map them. Debug builds only.
  func debugCheckUnpin(_ range: IndexRange) {
    #if DEBUG
      precondition(!accesses.covers(anyOf: range), "an access still holds what is unpinned")
      precondition(!domains.covers(anyOf: range), "a domain still maps what is unpinned")
      precondition(pinned >= range.count, "more is unpinned than was pinned")
    #endif
  }

  private func checkTiers(_ range: IndexRange) {
    var walk = SpanWalk(range)
    var holder: Holder?
    while let piece = walk.next(accesses: accesses, domains: domains) {
      if let holder, (piece.holder == .access) != (holder == .access) {
        precondition(store.isCut(at: piece.range.first.rawValue), "letting go would split an entry of tier 1")
      }
      holder = piece.holder
      let presence = store.presence(of: piece.range)
      if piece.holder == .access {
        precondition(presence.all, "an access holds \(piece.range), but tier 1 lacks some of it")
      } else {
        precondition(presence.none, "no access holds \(piece.range), but tier 1 has some of it")
      }
    }
  }

  /// Looks at the whole object: trees, store, and the pin count, which is what the trees cover. O(n log n).
  package func _checkInvariants() {
    lock.lock()
    defer { lock.unlock() }
    accesses._checkInvariants()
    domains._checkInvariants()
    store._checkInvariants()
    let all = IndexRange(0, through: count - 1)
    checkTiers(all)
    if var cursor = accesses.cursor(from: UInt64(0)) {
      repeat {
        precondition(store.isCut(at: cursor.entry.first) && store.isCut(at: cursor.entry.last + 1), "I8")
      } while cursor.advance()
    }
    precondition(pinned == count - unheld(in: all), "the pin count differs from what is held")
  }
}
