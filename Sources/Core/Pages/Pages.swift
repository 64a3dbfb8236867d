// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A linear array of pages over one origin, with the three tiers that say where each page's frame is kept.
///
/// One for each map call; copies of a mapping share it. Two interval trees tell who holds what: `accesses` (their
/// frames stand in the store, tier 1) and `domains` (areas whose domains translate to them, tier 2). What neither
/// holds is known to the origin alone (tier 3). An index is pinned exactly when one of the trees covers it, and
/// pinned once. The idea is that of Linux iommufd's `iopt_pages`; here it moves runs of frames.
package final class Pages: @unchecked Sendable {
  package let origin: any Origin
  /// Index in the origin of this object's page 0.
  package let firstInOrigin: UInt64
  /// Pages, at least 1.
  package let count: UInt64
  /// Whether mappings and accesses may write.
  package let writable: Bool
  package let account: any PinAccount

  /// Guards everything below and the `storage` of the areas that show this object.
  let lock = Lock()
  /// Entries carry how many accesses hold exactly this range.
  var accesses = RangeTree()
  /// Entries carry the area, unretained: an area leaves the tree before it dies.
  var domains = RangeTree()
  var store = FrameStore()
  /// Indexes pinned and charged.
  var pinned: UInt64 = 0

  /// The pages that hold bytes `offset`..<`offset + length` of `origin`. Pins nothing and takes no memory in
  /// proportion to the length. O(1).
  ///
  /// - Throws: ``Refusal/emptyRange``, ``Refusal/overflow(start:length:)``,
  ///   ``Refusal/pastEnd(offset:length:size:)``.
  package init(
    origin: any Origin, offset: UInt64, length: UInt64, writable: Bool, account: any PinAccount
  ) throws(Refusal) {
    guard length > 0 else { throw .emptyRange }
    let (last, overflow) = offset.addingReportingOverflow(length - 1)
    guard !overflow, length < 1 << 63 else { throw .overflow(start: offset, length: length) }
    guard last < origin.size else { throw .pastEnd(offset: offset, length: length, size: origin.size) }
    self.origin = origin
    self.firstInOrigin = offset >> Page.shift
    self.count = (last >> Page.shift) - firstInOrigin + 1
    self.writable = writable
    self.account = account
  }

  deinit {
    precondition(accesses.isEmpty && domains.isEmpty && store.isEmpty && pinned == 0, "pages died while held")
  }

  var holder: PinHolder {
    PinHolder(rawValue: UInt64(UInt(bitPattern: ObjectIdentifier(self))))
  }

  /// Takes the lock as `waiting` says.
  func acquire(_ waiting: Waiting) throws(Refusal) {
    switch waiting {
    case .wait: lock.lock()
    case .tryOnly: guard lock.tryLock() else { throw .contended }
    }
  }

  // MARK: Pinning and paying

  func pin(_ range: IndexRange, into batch: inout RunBatch) throws(Refusal) -> UInt64 {
    let count = try origin.pin(inOrigin(range), for: holder, writable: writable, into: &batch)
    assert(count > 0 && count <= range.count, "an origin pinned \(count) of \(range.count) pages")
    pinned += count
    return count
  }

  /// Unpins indexes that nobody holds any more and that no domain maps any more.
  func unpin(_ range: IndexRange) {
    debugCheckUnpin(range)
    origin.unpin(inOrigin(range), for: holder)
    pinned -= range.count
  }

  /// Whether pinning `range`, which is short, takes little time.
  func isQuick(_ range: IndexRange) -> Bool { origin.isQuick(inOrigin(range)) }

  private func inOrigin(_ range: IndexRange) -> IndexRange {
    IndexRange(range.first.rawValue + firstInOrigin, through: range.last.rawValue + firstInOrigin)
  }

  /// Pages of `range` that nobody holds: what holding all of it would pin. O(spans log n).
  func unheld(in range: IndexRange) -> UInt64 {
    var walk = SpanWalk(range)
    var pages: UInt64 = 0
    while let piece = walk.next(accesses: accesses, domains: domains) {
      guard piece.holder == .none else { continue }
      pages += piece.range.count
    }
    return pages
  }

  /// Unpins and gives back the charge of every page of `range` that nobody holds, all of which are pinned.
  func unpinUnheld(in range: IndexRange) {
    var walk = SpanWalk(range)
    var pages: UInt64 = 0
    while let piece = walk.next(accesses: accesses, domains: domains) {
      guard piece.holder == .none else { continue }
      unpin(piece.range)
      pages += piece.range.count
    }
    if pages > 0 { account.uncharge(pages: pages) }
  }

  /// The area in `domains` that covers `index`, and the last index up to which it does.
  func area(covering index: UInt64) -> (area: Area, last: UInt64) {
    guard let entry = domains.firstReaching(index), entry.first <= index else {
      preconditionFailure("no domain covers the index")
    }
    return (Self.area(of: entry), entry.last)
  }

  static func area(of entry: RangeEntry) -> Area {
    guard let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(entry.payload)) else {
      preconditionFailure("an interval without an area")
    }
    return unsafe Unmanaged<Area>.fromOpaque(pointer).takeUnretainedValue()
  }

  static func entry(of area: Area) -> RangeEntry {
    let indexes = area.indexes
    return unsafe RangeEntry(
      first: indexes.first.rawValue, last: indexes.last.rawValue,
      payload: UInt64(UInt(bitPattern: Unmanaged.passUnretained(area).toOpaque())))
  }
}
