// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Which pages of an origin are held, for whom, and by what.
///
/// The kernel pins and unpins whole registrations; the engine gives pages back in any pieces. So a registration
/// stays until its last page is given back, and those given back before are *retained*: not pinned any more for
/// the engine, but still in memory. A pin of retained pages for the same holder revives them.
///
/// A registration never crosses a border of 64 MiB of its file, and those of one holder never overlap.
package struct RegistrationBook<Hold> {
  /// Pages between two borders: 64 MiB.
  package static var chunkPages: UInt64 { 1 << 14 }

  /// Pages that holders have pinned, each counted once per holder.
  package private(set) var pinnedPages: UInt64 = 0
  /// Pages that the kernel holds for it, retained ones included.
  package private(set) var registeredPages: UInt64 = 0

  private var chunks: [Key: [Registration]] = [:]

  package init() {}

  private struct Key: Hashable {
    let holder: PinHolder
    let chunk: UInt64
  }

  private struct Registration {
    let range: IndexRange
    let hold: Hold
    /// Pages not yet given back.
    var live: UInt64
    /// The retained ones: in order, none touching the next.
    var retained: [IndexRange] = []

    mutating func give(back piece: IndexRange) {
      precondition(piece.count <= live)
      live -= piece.count
      guard live > 0 else { return }
      var first = piece.first
      var last = piece.last
      var at = retained.firstIndex { $0.first > piece.first } ?? retained.count
      if at < retained.count, retained[at].first == last.after { last = retained.remove(at: at).last }
      if at > 0, retained[at - 1].last.after == first {
        at -= 1
        first = retained.remove(at: at).first
      }
      retained.insert(IndexRange(first, through: last), at: at)
    }
  }

  /// How the next pages of a pin are to be had.
  package enum Plan: Equatable {
    /// They are retained.
    case revive(IndexRange)
    /// They have to be registered.
    case register(IndexRange)
  }

  /// The longest prefix of `range`, which `holder` has not pinned, that one step can serve. O(log n) in the
  /// registrations of the chunk.
  package func plan(_ range: IndexRange, for holder: PinHolder) -> Plan {
    let chunk = range.first.rawValue / Self.chunkPages
    var last = min(range.last.rawValue, (chunk + 1) * Self.chunkPages - 1)
    guard let list = chunks[Key(holder: holder, chunk: chunk)] else {
      return .register(IndexRange(range.first.rawValue, through: last))
    }
    let at = Self.position(of: range.first, in: list)
    if at < list.count {
      let next = list[at]
      if next.range.contains(range.first) {
        guard let piece = next.retained.first(where: { $0.contains(range.first) }) else {
          preconditionFailure("pinned twice for one holder")
        }
        return .revive(IndexRange(range.first.rawValue, through: min(last, piece.last.rawValue)))
      }
      last = min(last, next.range.first.rawValue - 1)
    }
    return .register(IndexRange(range.first.rawValue, through: last))
  }

  /// Enters `hold`, which keeps the range of a ``Plan/register(_:)``.
  package mutating func insert(_ range: IndexRange, for holder: PinHolder, hold: Hold) {
    let key = Key(holder: holder, chunk: range.first.rawValue / Self.chunkPages)
    let registration = Registration(range: range, hold: hold, live: range.count)
    let at = chunks[key].map { Self.position(of: range.first, in: $0) } ?? 0
    chunks[key, default: []].insert(registration, at: at)
    pinnedPages += range.count
    registeredPages += range.count
  }

  /// Takes the range of a ``Plan/revive(_:)`` into use again.
  package mutating func revive(_ range: IndexRange, for holder: PinHolder) {
    let key = Key(holder: holder, chunk: range.first.rawValue / Self.chunkPages)
    guard var list = chunks[key] else { preconditionFailure("nothing retained") }
    chunks[key] = nil
    let at = Self.position(of: range.first, in: list)
    guard let piece = list[at].retained.firstIndex(where: { $0.contains(range) }) else {
      preconditionFailure("nothing retained")
    }
    let old = list[at].retained[piece]
    var rest: [IndexRange] = []
    if old.first < range.first { rest.append(IndexRange(old.first, through: range.first.before)) }
    if range.last < old.last { rest.append(IndexRange(range.last.after, through: old.last)) }
    list[at].retained.replaceSubrange(piece...piece, with: rest)
    list[at].live += range.count
    pinnedPages += range.count
    chunks[key] = list
  }

  /// Gives back `range`, all of which `holder` has pinned.
  /// - Returns: what holds nothing any more, in the order of the pages, to be let go by the caller.
  package mutating func release(_ range: IndexRange, for holder: PinHolder) -> [Hold] {
    var freed: [Hold] = []
    for chunk in range.first.rawValue / Self.chunkPages...range.last.rawValue / Self.chunkPages {
      let key = Key(holder: holder, chunk: chunk)
      guard var list = chunks.removeValue(forKey: key) else { preconditionFailure("not pinned") }
      let start = Self.position(of: range.first, in: list)
      var end = start
      while end < list.count, let piece = list[end].range.intersection(range) {
        list[end].give(back: piece)
        end += 1
      }
      for done in list[start..<end] where done.live == 0 {
        freed.append(done.hold)
        registeredPages -= done.range.count
      }
      // In place, and by index: nothing is allocated when a page is given back.
      var kept = start
      for at in start..<end where list[at].live > 0 {
        if kept != at { list.swapAt(kept, at) }
        kept += 1
      }
      list.removeSubrange(kept..<end)
      if !list.isEmpty { chunks[key] = list }
    }
    pinnedPages -= range.count
    return freed
  }

  /// The first registration that ends at `index` or behind it.
  private static func position(of index: PageIndex, in list: [Registration]) -> Int {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle].range.last < index { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension PageIndex {
  fileprivate var before: PageIndex { PageIndex(rawValue - 1) }
  fileprivate var after: PageIndex { PageIndex(rawValue + 1) }
}
