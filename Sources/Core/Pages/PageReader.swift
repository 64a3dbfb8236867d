// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Reads the frames of a range of one pages object, in index order, each from the first tier that has it, and
/// pins what no tier has. Runs are joined across the borders of tiers.
///
/// The lock of the pages object is held as long as the reader lives, and nobody changes its trees. The reader
/// charges nothing: its user has charged for the holes before.
struct PageReader: ~Copyable {
  private let pages: Pages
  let range: IndexRange
  private var walk: SpanWalk
  private var piece: (range: IndexRange, holder: Holder)?
  /// Index of the next page that a batch gets, and of the first page that was not looked at yet.
  private var position: UInt64
  /// Runs that were pinned when the caller's batch was already full.
  private var ahead: RunBatch
  private var aheadTaken = 0
  private(set) var isFinished = false

  init(_ pages: Pages, _ range: IndexRange, limit: Int) {
    self.pages = pages
    self.range = range
    walk = SpanWalk(range)
    position = range.first.rawValue
    ahead = RunBatch(limit: limit)
  }

  /// Fills `batch` from the next page on until it is full or the range ends.
  ///
  /// - Throws: when a page could not be pinned. What the reader pinned up to there stays pinned until
  ///   ``release()``.
  mutating func fill(_ batch: inout RunBatch) throws(Refusal) {
    while true {
      guard drainAhead(into: &batch) else { return }
      if piece == nil {
        piece = walk.next(accesses: pages.accesses, domains: pages.domains)
        guard piece != nil else {
          isFinished = true
          return
        }
      }
      guard try read(into: &batch) else { return }
    }
  }

  /// Reads from the present piece; false when the batch is full.
  private mutating func read(into batch: inout RunBatch) throws(Refusal) -> Bool {
    guard let (range, holder) = piece else { return false }
    let rest = IndexRange(position, through: range.last.rawValue)
    var wanted = rest.count
    let read: UInt64
    switch holder {
    case .access:
      read = pages.store.read(rest, into: &batch)
    case .domain:
      let (area, last) = pages.area(covering: position)
      guard let storage = area.storage else { preconditionFailure("an area in domains without storage") }
      let part = IndexRange(position, through: min(last, rest.last.rawValue))
      wanted = part.count
      read = storage.readRuns(area.slot(for: part), into: &batch)
    case .none:
      if batch.count == batch.limit {
        // The next frames may still join the last run, so they are looked at before the batch is handed on.
        read = try pages.pin(rest, into: &ahead)
      } else {
        read = try pages.pin(rest, into: &batch)
      }
      wanted = read
    }
    position += read
    if position > range.last.rawValue { piece = nil }
    return read == wanted
  }

  /// Moves runs that were pinned ahead into `batch`; false when it is full.
  private mutating func drainAhead(into batch: inout RunBatch) -> Bool {
    if batch.isEmpty, aheadTaken == 0 {
      // All of them at once. Both batches have the same limit.
      swap(&batch, &ahead)
      return true
    }
    while aheadTaken < ahead.count {
      guard batch.append(ahead[aheadTaken]) else { return false }
      aheadTaken += 1
    }
    ahead.removeAll()
    aheadTaken = 0
    return true
  }

  /// Unpins what the reader pinned. No domain may map it any more.
  mutating func release() {
    guard position > range.first.rawValue else { return }
    var walk = SpanWalk(IndexRange(range.first.rawValue, through: position - 1))
    while let piece = walk.next(accesses: pages.accesses, domains: pages.domains) {
      if piece.holder == .none { pages.unpin(piece.range) }
    }
    position = range.first.rawValue
    isFinished = true
  }
}
