// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Where an area stands.
package struct Place: Equatable {
  /// The IOAS.
  package var space: ObjectID
  package var iova: IOVA
}

/// Where a context finds the pages object that it calls by an id.
package struct SliceInfo {
  package var memory: ObjectID
  /// Of the area that the object was made for, which may be gone while copies show the object elsewhere.
  package var place: Place
}

/// The owner of one pages object: has its pins and the areas that show it paid for, and tells the context when it is
/// gone.
///
/// The engine keeps it for exactly as long as the pages object lives, whichever thread lets that go.
package final class Slice: PinAccount, @unchecked Sendable {
  package let memory: ObjectID
  private let account: Account
  /// Who pays for pins; nil where they cost nothing.
  private let payer: Account?
  /// Whether pins cost nothing.
  package var isFree: Bool { payer == nil }
  /// Who pays for pins, for whoever is to know it after a restart.
  var savedPayer: SavedPayer? { payer?.saved }
  private let retired: RetiredSlices
  /// Of one that came back after a restart.
  private let restored: Restored?
  /// The id that the context gave it once it was mapped. Confined to the loop until nobody else is left.
  package var id: ObjectID?

  package init(memory: ObjectID, account: Account, payer: Account?, retired: RetiredSlices) {
    self.memory = memory
    self.account = account
    self.payer = payer
    self.retired = retired
    restored = nil
  }

  /// One that came back after a restart.
  package init(
    _ id: ObjectID, memory: ObjectID, account: Account, payer: Account?, retired: RetiredSlices,
    restored: Restored
  ) {
    self.id = id
    self.memory = memory
    self.account = account
    self.payer = payer
    self.retired = retired
    self.restored = restored
  }

  deinit {
    if let id { retired.append(id) }
  }

  package func charge(pages: UInt64) throws(Refusal) {
    if let restored, let id {
      if restored.isQuarantined(id) { throw .quarantined }
      // What was granted before the restart is not asked for again.
      if restored.isUnderWay {
        payer?.book(pages << Page.shift, insteadOf: 0, of: .pinnedBytes)
        return
      }
    }
    try payer?.charge(pages: pages)
  }

  package func uncharge(pages: UInt64) {
    payer?.uncharge(pages: pages)
  }

  package func chargeArea() throws(Refusal) {
    if let restored, restored.isUnderWay { return account.book(1, insteadOf: 0, of: .areas) }
    do {
      try account.take(1, of: .areas)
    } catch {
      throw .areaLimit(used: error.use, limit: error.limit)
    }
  }

  package func unchargeArea() { account.give(1, of: .areas) }
}

/// Slices that are gone and that the context does not know to be gone yet. Any thread.
package final class RetiredSlices: @unchecked Sendable {
  private let lock = Lock()
  private var ids: [ObjectID] = []

  package init() {}

  package func append(_ id: ObjectID) {
    lock.lock()
    ids.append(id)
    lock.unlock()
  }

  package var isEmpty: Bool {
    lock.lock()
    defer { lock.unlock() }
    return ids.isEmpty
  }

  /// Takes them all out.
  package func drain() -> [ObjectID] {
    lock.lock()
    defer { lock.unlock() }
    if ids.isEmpty { return [] }
    defer { ids = [] }
    return ids
  }
}
