// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Pages of 4 KiB for tables, some of which are kept when they are given back. Tables may share a pool.
@safe
package final class VTDPagePool: @unchecked Sendable {
  private let lock = Lock()
  /// Each spare page begins with the address of the next.
  private var spare: UnsafeMutableRawPointer?
  private var spareCount = 0
  private let kept: Int

  /// - Parameter kept: pages that are kept at most.
  package init(kept: Int = 16) { self.kept = kept }

  deinit {
    var next = unsafe spare
    while let page = unsafe next {
      unsafe next = page.load(as: UnsafeMutableRawPointer?.self)
      unsafe Heap.give(page)
    }
  }

  /// A page with anything in it, or nil without memory.
  func take() -> UnsafeMutableRawPointer? {
    lock.lock()
    defer { lock.unlock() }
    guard let page = unsafe spare else { return unsafe Heap.tryPage() }
    unsafe spare = page.load(as: UnsafeMutableRawPointer?.self)
    spareCount -= 1
    return unsafe page
  }

  func giveBack(_ page: UnsafeMutableRawPointer) {
    lock.lock()
    defer { lock.unlock() }
    guard spareCount < kept else {
      unsafe Heap.give(page)
      return
    }
    unsafe page.storeBytes(of: spare, as: UnsafeMutableRawPointer?.self)
    unsafe spare = page
    spareCount += 1
  }
}

/// The pages of one tree.
struct VTDPages {
  /// Pages that stand in the tree.
  private(set) var used: UInt64 = 0
  /// Pages that may stand in the tree at once.
  private let limit: UInt64
  private let pool: VTDPagePool
  private let budget: (any TableBudget)?

  init(pool: VTDPagePool, limit: UInt64, budget: (any TableBudget)?) {
    self.pool = pool
    self.limit = limit
    self.budget = budget
  }

  /// A table of empty entries, or nil when there is no memory or the limit is reached.
  mutating func take() -> UnsafeMutablePointer<VTDEntry>? {
    guard used < limit, budget?.take(tableBytes: Page.size) ?? true else { return nil }
    guard let page = unsafe pool.take() else {
      budget?.give(tableBytes: Page.size)
      return nil
    }
    used += 1
    let entries = unsafe page.bindMemory(to: VTDEntry.self, capacity: VTDLevel.entries)
    unsafe entries.initialize(repeating: .empty, count: VTDLevel.entries)
    return unsafe entries
  }

  mutating func giveBack(_ entries: UnsafeMutablePointer<VTDEntry>) {
    used -= 1
    budget?.give(tableBytes: Page.size)
    unsafe pool.giveBack(UnsafeMutableRawPointer(entries))
  }
}
