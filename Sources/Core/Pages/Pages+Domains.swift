// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// How an address space fills its domains.
struct Filling {
  /// Runs that one batch holds.
  var batchLimit: Int
  /// Each page is a map of its own.
  var singlePages: Bool
}

/// Motion between the tiers and the domains of an area. The lock of the pages object is held.
extension Pages {
  /// Maps a new area into every domain of its address space, reading its frames once, and makes the area one of
  /// `domains` with the first of them as its storage.
  ///
  /// On an error every domain is as before, nothing is pinned that was not, and the charge is given back.
  func fill(_ area: Area, into targets: [any Domain], _ filling: Filling) throws(Refusal) {
    guard let storage = targets.first else { return }
    let range = area.indexes
    let charge = unheld(in: range)
    if charge > 0 { try account.charge(pages: charge) }
    do throws(Refusal) {
      try readAndMap(area, into: targets, filling)
    } catch {
      if charge > 0 { account.uncharge(pages: charge) }
      throw error
    }
    area.storage = storage
    domains.insert(Self.entry(of: area))
    debugCheck(range)
  }

  /// Maps an area that `domains` already holds into one more domain. Nothing is pinned or charged.
  func fill(_ area: Area, intoAnother target: any Domain, _ filling: Filling) throws(Refusal) {
    assert(area.storage != nil)
    try readAndMap(area, into: [target], filling)
    debugCheck(area.indexes)
  }

  /// Reads the area's frames batch by batch and maps each batch into all `targets`; all or nothing.
  private func readAndMap(_ area: Area, into targets: [any Domain], _ filling: Filling) throws(Refusal) {
    let range = area.indexes
    var reader = PageReader(self, range, limit: filling.batchLimit)
    var batch = RunBatch(limit: filling.batchLimit)
    // Indexes below this one are mapped in every domain.
    var mapped = range.first.rawValue
    // Domains that have the present batch as well.
    var ahead = 0
    do throws(Refusal) {
      while !reader.isFinished {
        batch.removeAll()
        try reader.fill(&batch)
        guard !batch.isEmpty else { break }
        let slot = area.slot(for: IndexRange(first: PageIndex(mapped), count: batch.pages))
        ahead = 0
        for target in targets {
          try target.map(batch, at: slot, protection: area.protection, singlePages: filling.singlePages)
          ahead += 1
        }
        mapped += batch.pages
        ahead = 0
      }
    } catch {
      // Unmapped everywhere before anything is unpinned: the domains before the failing one hold one batch more
      // than the others.
      for (position, target) in targets.enumerated() {
        let end = position < ahead ? mapped + batch.pages : mapped
        guard end > range.first.rawValue else { continue }
        unmap(area.slot(for: IndexRange(range.first.rawValue, through: end - 1)), from: target)
      }
      reader.release()
      throw error
    }
  }

  /// Takes an area out of all of its domains, which are all that its address space has, and unpins what no access
  /// and no other area holds.
  func unfill(_ area: Area, from targets: [any Domain]) {
    guard area.storage != nil else { return }
    let removed = domains.remove(Self.entry(of: area))
    assert(removed, "a filled area is not in domains")
    area.storage = nil
    let range = area.indexes
    let whole = area.slot(for: range)
    for target in targets { unmap(whole, from: target) }
    unpinUnheld(in: range)
    debugCheck(range)
  }

  /// Takes an area out of a domain that leaves while `heir` stays. Reads and unpins nothing.
  func unmap(_ area: Area, fromLeaving target: any Domain, heir: any Domain) {
    guard area.storage != nil else { return }
    // The storage role goes first, so that nobody reads from a domain that is being emptied.
    if area.storage === target { area.storage = heir }
    unmap(area.slot(for: area.indexes), from: target)
  }

  private func unmap(_ slot: DomainSlot, from target: any Domain) {
    target.unmap(IOVARange(slot.iova, through: IOVA(slot.iova.rawValue + (slot.length - 1))))
  }
}
