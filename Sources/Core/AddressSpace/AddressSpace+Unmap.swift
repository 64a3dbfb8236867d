// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension AddressSpace {
  /// Unmaps every area that lies in `ranges`, or nothing, and answers the bytes unmapped.
  ///
  /// Each range must hold at least one area, and none may reach over its edges. Returns only when every copy that
  /// found its memory through one of the areas has ended. O(areas log n), and O(leaves) for each domain; nothing
  /// is read back.
  /// - Throws: ``Refusal/noArea(_:)``, `cutsArea`, `areaInTransition`, `pinned`, `contended`.
  package func unmap(_ ranges: [IOVARange], _ waiting: Waiting = .wait) throws(Refusal) -> UInt64 {
    try unmap(only: ranges, waiting)
  }

  /// Unmaps everything; succeeds on an empty space.
  package func unmapAll(_ waiting: Waiting = .wait) throws(Refusal) -> UInt64 {
    try unmap(only: nil, waiting)
  }

  /// Appends the areas in all of `ranges`, each of which must hold one, or all areas for nil; each one after `take` has
  /// not objected. `iovaLock` is held.
  @inline(__always)
  func collect(
    _ ranges: [IOVARange]?, into areas: inout ShortList<Area>, _ waiting: Waiting,
    _ take: (Area) throws(Refusal) -> Void
  ) throws(Refusal) {
    guard let ranges else { return try collect(.all, into: &areas, waiting, take) }
    for position in ranges.indices {
      let before = areas.count
      try collect(ranges[position], into: &areas, waiting, take)
      if areas.count == before { throw .noArea(ranges[position]) }
    }
  }

  @inline(__always)
  private func collect(
    _ range: IOVARange, into areas: inout ShortList<Area>, _ waiting: Waiting,
    _ take: (Area) throws(Refusal) -> Void
  ) throws(Refusal) {
    guard var cursor = cursor(in: range) else { return }
    repeat {
      guard cursor.entry.first <= range.last.rawValue else { return }
      let area = Self.area(of: cursor.entry)
      guard range.contains(area.range) else { throw .cutsArea(range: range, area: area.range) }
      guard area.state == .live else {
        // An earlier range of the same call took it: for this one it is gone.
        if areas.contains(where: { $0 === area }) { continue }
        throw .areaInTransition(area.range)
      }
      // Whoever must not wait does not walk far either.
      if waiting == .tryOnly, areas.count == Quick.areas { throw .contended }
      try take(area)
      areas.append(area)
    } while cursor.advance()
  }

  private func unmap(only ranges: [IOVARange]?, _ waiting: Waiting) throws(Refusal) -> UInt64 {
    try acquireDomainsShared(waiting)
    defer { domainsLock.unlock() }
    try acquireIOVAs(waiting)
    var areas = ShortList<Area>()
    let held: [Pages]
    do throws(Refusal) {
      try collect(ranges, into: &areas, waiting) { (area) throws(Refusal) in
        guard area.pins == 0 else { throw .pinned(area.range) }
        area.state = .tearingDown
      }
      held = try settle(areas, waiting)
    } catch {
      for area in areas { area.state = .live }
      iovaLock.unlock()
      throw error
    }
    iovaLock.unlock()
    let targets = attached
    if !targets.isEmpty {
      for position in areas.indices {
        let area = areas[position]
        withPages(area.pages, waiting) { area.pages.unfill(area, from: targets) }
      }
    }
    for pages in held { pages.lock.unlock() }
    var bytes: UInt64 = 0
    iovaLock.lock()
    for position in areas.indices {
      bytes += areas[position].length
      remove(areas[position])
    }
    iovaLock.unlock()
    return bytes
  }

  /// Waits until no copy uses the marked `areas`; a try-only call refuses where one does, and takes the locks of
  /// their pages. `iovaLock` is held, though waiting gives it away for a while.
  private func settle(_ areas: ShortList<Area>, _ waiting: Waiting) throws(Refusal) -> [Pages] {
    if waiting == .wait {
      while areas.contains(where: { $0.copies > 0 }) { settled.wait(iovaLock) }
      return []
    }
    guard !areas.contains(where: { $0.copies > 0 }) else { throw .contended }
    return attached.isEmpty ? [] : try tryLockQuick(areas)
  }
}
