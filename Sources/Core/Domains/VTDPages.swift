// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// The 4 KiB pages that tables stand in. A few that were given back are kept for the next table.
@safe
struct VTDPages: ~Copyable {
  /// Pages that stand in the tree.
  private(set) var used: UInt64 = 0
  /// Pages that may stand in the tree at once.
  private let limit: UInt64
  /// Each spare page begins with the address of the next.
  private var spare: UnsafeMutableRawPointer?
  private var spareCount = 0

  private static let sparesKept = 16

  init(limit: UInt64) { self.limit = limit }

  deinit {
    var next = unsafe spare
    while let page = unsafe next {
      unsafe next = page.load(as: UnsafeMutableRawPointer?.self)
      unsafe Glibc.free(page)
    }
  }

  /// A table of empty entries, or nil when there is no memory or the limit is reached.
  mutating func take() -> UnsafeMutablePointer<VTDEntry>? {
    guard used < limit, let page = unsafe takeRaw() else { return nil }
    used += 1
    let entries = unsafe page.bindMemory(to: VTDEntry.self, capacity: VTDLevel.entries)
    unsafe entries.initialize(repeating: .empty, count: VTDLevel.entries)
    return unsafe entries
  }

  private mutating func takeRaw() -> UnsafeMutableRawPointer? {
    guard let page = unsafe spare else { return unsafe aligned_alloc(Int(Page.size), Int(Page.size)) }
    unsafe spare = page.load(as: UnsafeMutableRawPointer?.self)
    spareCount -= 1
    return unsafe page
  }

  mutating func giveBack(_ entries: UnsafeMutablePointer<VTDEntry>) {
    used -= 1
    let page = UnsafeMutableRawPointer(entries)
    guard spareCount < Self.sparesKept else {
      unsafe Glibc.free(page)
      return
    }
    unsafe page.storeBytes(of: spare, as: UnsafeMutableRawPointer?.self)
    unsafe spare = page
    spareCount += 1
  }
}
