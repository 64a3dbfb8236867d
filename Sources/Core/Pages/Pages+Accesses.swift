// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Motion between the tiers and the accesses that hold pages pinned.
extension Pages {
  /// Holds `range` for one more access: its frames stand in tier 1 afterwards.
  ///
  /// Where an access holds exactly this range already, it is counted up and nothing else happens. Else the range
  /// is filled span by span: what an access covers is in tier 1, what a domain covers is copied from it, and the
  /// rest is pinned. O(log n) or O(runs log n). The caller holds the lock.
  ///
  /// - Throws: ``Refusal/readOnly``, the account's and the origin's refusals; tier 1 is as before then.
  func addAccess(_ range: IndexRange, write: Bool) throws(Refusal) {
    assert(range.last.rawValue < count)
    if write && !writable { throw .readOnly }
    if let exact = accesses.exact(first: range.first.rawValue, last: range.last.rawValue) {
      count(exact, exact.payload + 1)
      return
    }
    let charge = unheld(in: range)
    if charge > 0 { try account.charge(pages: charge) }
    do throws(Refusal) {
      try fillStore(range)
    } catch {
      if charge > 0 { account.uncharge(pages: charge) }
      throw error
    }
    accesses.insert(RangeEntry(first: range.first.rawValue, last: range.last.rawValue, payload: 1))
    // What will leave tier 1 by itself stands there by itself from now on, so that letting go needs no memory.
    store.cut(at: range.first.rawValue)
    store.cut(at: range.last.rawValue + 1)
    debugCheck(range)
  }

  private func count(_ exact: RangeEntry, _ holders: UInt64) {
    accesses.replace(exact, with: RangeEntry(first: exact.first, last: exact.last, payload: holders))
  }

  /// Brings into tier 1 what of `range` is not there; on an error it is as before.
  private func fillStore(_ range: IndexRange) throws(Refusal) {
    var walk = SpanWalk(range)
    var batch = RunBatch(limit: .max)
    while let piece = walk.next(accesses: accesses, domains: domains) {
      if piece.holder == .access { continue }
      var position = piece.range.first.rawValue
      while position <= piece.range.last.rawValue {
        batch.removeAll()
        let rest = IndexRange(position, through: piece.range.last.rawValue)
        let read: UInt64
        if piece.holder == .domain {
          read = readStorage(rest, into: &batch)
        } else {
          do throws(Refusal) {
            read = try pin(rest, into: &batch)
          } catch {
            emptyStore(of: range, before: position)
            throw error
          }
        }
        assert(read == batch.pages)
        store.insert(batch, at: PageIndex(position))
        position += read
      }
    }
  }

  /// Appends the frames of a prefix of `range`, whose first page a domain covers.
  private func readStorage(_ range: IndexRange, into batch: inout RunBatch) -> UInt64 {
    let (area, last) = area(covering: range.first.rawValue)
    guard let storage = area.storage else { preconditionFailure("an area in domains without storage") }
    let part = IndexRange(range.first.rawValue, through: min(last, range.last.rawValue))
    return storage.readRuns(area.slot(for: part), into: &batch)
  }

  /// Undoes a `fillStore` of `range` that got as far as the page before `end`.
  private func emptyStore(of range: IndexRange, before end: UInt64) {
    guard end > range.first.rawValue else { return }
    let filled = IndexRange(range.first.rawValue, through: end - 1)
    forget(filled)
    var walk = SpanWalk(filled)
    while let piece = walk.next(accesses: accesses, domains: domains) {
      if piece.holder == .none { unpin(piece.range) }
    }
  }

  /// Takes out of tier 1 what no access of `range` covers, whether or not a domain does: an entry may reach over the
  /// borders of domains.
  private func forget(_ range: IndexRange) {
    var position = range.first.rawValue
    while true {
      let span = accesses.span(at: position, through: range.last.rawValue)
      if !span.used { store.remove(IndexRange(position, through: span.last)) }
      if span.last == range.last.rawValue { return }
      position = span.last + 1
    }
  }

  /// Lets one access of exactly `range` go. At the last one, what no other access covers leaves tier 1, and what
  /// no domain covers either is unpinned. Never fails and needs no memory. The caller holds the lock.
  func removeAccess(_ range: IndexRange) {
    guard let exact = accesses.exact(first: range.first.rawValue, last: range.last.rawValue) else {
      preconditionFailure("no access holds \(range)")
    }
    if exact.payload > 1 {
      count(exact, exact.payload - 1)
      return
    }
    accesses.remove(exact)
    forget(range)
    unpinUnheld(in: range)
    for border in [range.first.rawValue, range.last.rawValue + 1] where !accesses.hasBorder(at: border) {
      store.join(at: border)
    }
    debugCheck(range)
  }
}
