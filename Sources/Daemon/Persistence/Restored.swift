// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// What is special about a context that came back after a restart. Any thread.
package final class Restored: @unchecked Sendable {
  private let lock = Lock()
  private var quarantined: Set<ObjectID>
  private var isOver = false

  /// - Parameter quarantined: pages objects that a daemon was killed over while it pinned them.
  package init(quarantined: Set<ObjectID>) { self.quarantined = quarantined }

  /// Whether what comes was there before the restart.
  package var isUnderWay: Bool {
    get {
      lock.lock()
      defer { lock.unlock() }
      return !isOver
    }
    set {
      lock.lock()
      isOver = !newValue
      lock.unlock()
    }
  }

  /// Whether a pages object is not pinned until somebody asks for it.
  package func isQuarantined(_ id: ObjectID) -> Bool {
    lock.lock()
    defer { lock.unlock() }
    return quarantined.contains(id)
  }

  /// Somebody asks for all of them.
  package func release() -> Set<ObjectID> {
    lock.lock()
    defer { lock.unlock() }
    defer { quarantined = [] }
    return quarantined
  }
}

/// Who pays for the I/O page tables of such a context: its owner, who is not asked while it comes back.
final class RestoredTables: TableBudget {
  private let account: Account
  private let restored: Restored

  init(_ account: Account, _ restored: Restored) {
    self.account = account
    self.restored = restored
  }

  func take(tableBytes bytes: UInt64) -> Bool {
    guard restored.isUnderWay else { return account.take(tableBytes: bytes) }
    account.book(bytes, insteadOf: 0, of: .engineBytes)
    return true
  }

  func give(tableBytes bytes: UInt64) { account.give(tableBytes: bytes) }
}
