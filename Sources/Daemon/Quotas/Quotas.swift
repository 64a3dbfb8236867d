// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// The one place that is asked before anything is given out. Any thread.
///
/// A uid may have at most half of what the others leave: however many come, each finds something, and no two
/// of them together can shut a third one out.
package final class Quotas: @unchecked Sendable {
  private struct Known {
    weak var account: Account?
  }

  /// Whose books they are: a user's, or those of one process.
  fileprivate struct Payer: Hashable {
    var uid: UInt32
    var process: Int32?
  }

  fileprivate let lock = Lock()
  fileprivate var limits: QuotaLimits
  fileprivate var used: [UInt64]
  private var known: [Payer: Known] = [:]
  /// Whether a worker has not come back from work for a uid. Set before anybody asks.
  package var isStuck: @Sendable (UInt32) -> Bool = { _ in false }

  package init(_ limits: QuotaLimits) {
    self.limits = limits
    used = Quota.allCases.map { _ in 0 }
  }

  /// The books of `uid`, or those of one process of its alone, which may have as much; the same ones for as long as
  /// somebody holds them.
  package func account(of uid: UInt32, process: Int32? = nil) -> Account {
    let payer = Payer(uid: uid, process: process)
    lock.lock()
    defer { lock.unlock() }
    if let account = known[payer]?.account { return account }
    let account = Account(payer, quotas: self)
    known[payer] = Known(account: account)
    return account
  }

  /// What all uids have taken of `quota`.
  package func use(of quota: Quota) -> UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return used[quota.rawValue]
  }

  /// What all uids may take together of `quota`.
  package func limit(ofAll quota: Quota) -> UInt64 { limits[whole: quota] }

  fileprivate func forget(_ payer: Payer) {
    lock.lock()
    // Whoever came for the same uid since has books of its own; they must not go while the lock is held.
    let successor = known[payer]?.account
    if successor == nil { known[payer] = nil }
    lock.unlock()
    _ = successor
  }
}

/// What one uid, or one process, has taken. Any thread.
package final class Account: @unchecked Sendable {
  package var uid: UInt32 { payer.uid }
  /// The process, if they are the books of one.
  package var process: Int32? { payer.process }
  private let payer: Quotas.Payer
  private let quotas: Quotas
  // Guarded by the lock of the quotas.
  private var used: [UInt64]

  fileprivate init(_ payer: Quotas.Payer, quotas: Quotas) {
    self.payer = payer
    self.quotas = quotas
    used = Quota.allCases.map { _ in 0 }
  }

  deinit { quotas.forget(payer) }

  /// Whether a worker may be sent for it: not while one has not come back.
  package var mayHaveWorker: Bool { !quotas.isStuck(uid) }

  /// Takes `amount` of `quota`, or refuses and takes nothing.
  package func take(_ amount: UInt64, of quota: Quota) throws(QuotaExceeded) {
    quotas.lock.lock()
    defer { quotas.lock.unlock() }
    let use = used[quota.rawValue]
    let limit = limitLocked(quota)
    guard use <= limit, amount <= limit - use else {
      throw QuotaExceeded(quota: quota, use: use, wanted: amount, limit: limit)
    }
    used[quota.rawValue] = use + amount
    quotas.used[quota.rawValue] += amount
  }

  /// Gives back `amount` of `quota` that was taken.
  package func give(_ amount: UInt64, of quota: Quota) {
    quotas.lock.lock()
    defer { quotas.lock.unlock() }
    precondition(used[quota.rawValue] >= amount)
    used[quota.rawValue] -= amount
    quotas.used[quota.rawValue] -= amount
  }

  /// Books what something has grown or shrunk to, however much that is: for what is known only afterwards.
  package func book(_ amount: UInt64, insteadOf before: UInt64, of quota: Quota) {
    quotas.lock.lock()
    defer { quotas.lock.unlock() }
    precondition(used[quota.rawValue] >= before)
    used[quota.rawValue] = used[quota.rawValue] - before + amount
    quotas.used[quota.rawValue] = quotas.used[quota.rawValue] - before + amount
  }

  package func use(of quota: Quota) -> UInt64 {
    quotas.lock.lock()
    defer { quotas.lock.unlock() }
    return used[quota.rawValue]
  }

  /// What the uid may have of `quota` at most, given what all others have now.
  package func limit(of quota: Quota) -> UInt64 {
    quotas.lock.lock()
    defer { quotas.lock.unlock() }
    return limitLocked(quota)
  }

  /// What the uid may still take of `quota`.
  package func rest(of quota: Quota) -> UInt64 {
    quotas.lock.lock()
    defer { quotas.lock.unlock() }
    let limit = limitLocked(quota)
    return limit - min(limit, used[quota.rawValue])
  }

  private func limitLocked(_ quota: Quota) -> UInt64 {
    let others = quotas.used[quota.rawValue] - used[quota.rawValue]
    let whole = quotas.limits[whole: quota]
    return min(quotas.limits[quota, of: uid], others < whole ? (whole - others) / 2 : 0)
  }
}

extension Account: PinAccount {
  package func charge(pages: UInt64) throws(Refusal) {
    do {
      try take(pages << Page.shift, of: .pinnedBytes)
    } catch {
      throw .pinLimit(pages: pages, used: error.use >> Page.shift, limit: error.limit >> Page.shift)
    }
  }

  package func uncharge(pages: UInt64) { give(pages << Page.shift, of: .pinnedBytes) }
}

extension Account: TableBudget {
  package func take(tableBytes bytes: UInt64) -> Bool { (try? take(bytes, of: .engineBytes)) != nil }
  package func give(tableBytes bytes: UInt64) { give(bytes, of: .engineBytes) }
}
