// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// An I/O address space (IOAS): areas at IOVAs, and the domains that all translate them alike.
///
/// Any thread may call. Lock order: the domain list, the IOVA map, then one pages object, then a domain's own
/// lock. Setting an area up or tearing it down holds the domain list shared throughout, so no domain comes or
/// goes meanwhile, but the IOVA map only for moments: the area itself says that it is in transition.
package final class AddressSpace: @unchecked Sendable {
  /// Runs that travel in one batch.
  let batchLimit: Int

  let domainsLock = ReadWriteLock()
  /// Guarded by `domainsLock`.
  var attached: [any Domain] = []
  var hugePages = true

  let iovaLock = Lock()
  /// A copy ended, or an area in transition settled.
  let settled = Condition()
  /// Areas by IOVA, each entry retaining its area. Guarded by `iovaLock`, as is everything below.
  var tree = RangeTree()
  var limits = UsableRanges()
  /// Accesses, and those among them that pin.
  var accessCount = 0
  var pinningAccesses = 0
  /// Areas that are degraded.
  var degraded = 0

  /// - Parameter batchLimit: runs that travel in one batch, at least 1.
  package init(batchLimit: Int = RunBatch.defaultLimit) { self.batchLimit = batchLimit }

  deinit {
    precondition(tree.isEmpty, "an address space died with areas in it")
  }

  var filling: Filling { Filling(batchLimit: batchLimit, singlePages: !hugePages) }

  // MARK: Locks

  func acquireDomainsShared(_ waiting: Waiting) throws(Refusal) {
    switch waiting {
    case .wait: domainsLock.lockShared()
    case .tryOnly: guard domainsLock.tryLockShared() else { throw .contended }
    }
  }

  func acquireDomainsExclusive(_ waiting: Waiting) throws(Refusal) {
    switch waiting {
    case .wait: domainsLock.lockExclusive()
    case .tryOnly: guard domainsLock.tryLockExclusive() else { throw .contended }
    }
  }

  func acquireIOVAs(_ waiting: Waiting) throws(Refusal) {
    switch waiting {
    case .wait: iovaLock.lock()
    case .tryOnly: guard iovaLock.tryLock() else { throw .contended }
    }
  }

  /// Takes the locks of the distinct pages objects of `areas` for a try-only call, which keeps them to its end so
  /// that it can also undo without waiting. Nothing is held when it throws.
  func tryLockPages(of areas: some Sequence<Area>) throws(Refusal) -> [Pages] {
    var held: [Pages] = []
    for area in areas where !held.contains(where: { $0 === area.pages }) {
      guard held.count < Quick.areas, area.pages.lock.tryLock() else {
        for pages in held { pages.lock.unlock() }
        throw .contended
      }
      held.append(area.pages)
    }
    return held
  }

  /// As ``tryLockPages(of:)``, for a call that fills or empties all of `areas`: only where that is little work.
  func tryLockQuick(_ areas: some Collection<Area>) throws(Refusal) -> [Pages] {
    guard areas.count <= Quick.areas, areas.reduce(0, { $0 + $1.indexes.count }) <= Quick.pages else {
      throw .contended
    }
    return try tryLockPages(of: areas)
  }

  /// Runs `body` with the lock of `pages`, which a try-only caller holds already.
  func withPages<E: Error>(_ pages: Pages, _ waiting: Waiting, _ body: () throws(E) -> Void) throws(E) {
    if waiting == .wait { pages.lock.lock() }
    defer { if waiting == .wait { pages.lock.unlock() } }
    try body()
  }

  // MARK: The map of IOVAs; `iovaLock` is held

  static func area(of entry: RangeEntry) -> Area { Pages.area(of: entry) }

  static func entry(of area: Area) -> RangeEntry {
    unsafe RangeEntry(
      first: area.range.first.rawValue, last: area.range.last.rawValue,
      payload: UInt64(UInt(bitPattern: Unmanaged.passUnretained(area).toOpaque())))
  }

  /// Takes an area in, at its owner's expense unless it leaves at once.
  ///
  /// - Throws: ``Refusal/areaLimit(used:limit:)``.
  func insert(_ area: Area, isTrial: Bool = false) throws(Refusal) {
    if !isTrial { try area.pages.account.chargeArea() }
    tree.insert(Self.entry(of: area))
    _ = unsafe Unmanaged.passRetained(area)
  }

  func remove(_ area: Area, isTrial: Bool = false) {
    let removed = tree.remove(Self.entry(of: area))
    assert(removed, "the area is not in the map")
    if !isTrial { area.pages.account.unchargeArea() }
    if area.isDegraded { degraded -= 1 }
    unsafe Unmanaged.passUnretained(area).release()
  }

  /// The highest area that overlaps `range`, reservations in transition included. O(log n).
  func anyArea(in range: IOVARange) -> Area? {
    guard let entry = tree.floor(range.last.rawValue), entry.last >= range.first.rawValue else { return nil }
    return Self.area(of: entry)
  }

  /// A cursor at the lowest area that overlaps `range`. O(log n).
  func cursor(in range: IOVARange) -> RangeTree.Cursor? {
    if let cursor = tree.cursor(floor: range.first.rawValue), cursor.entry.last >= range.first.rawValue {
      return cursor
    }
    guard let cursor = tree.cursor(from: range.first.rawValue), cursor.entry.first <= range.last.rawValue
    else {
      return nil
    }
    return cursor
  }

  /// Every IOVA, length and bus address of a mapping must be a multiple of this: the largest of the domains'
  /// smallest leaves, and 4096 while an access pins or pages are mapped singly.
  var alignment: UInt64 {
    max(limits.leafAlignment, pinningAccesses > 0 || !hugePages ? Page.size : 1)
  }
}
