// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What mapping would take, asked without doing it.
extension AddressSpace {
  /// What a map or a copy would take now.
  package struct Cost: Sendable {
    /// Areas that it would make.
    package var areas: Int
    /// Pages that it would pin, and charge, of each pages object.
    package var pins: [(pages: Pages, count: UInt64)]
  }

  /// What ``map(_:_:)`` would take. It is refused as the map would be before anything is pinned, but for the limit of
  /// areas, and leaves nothing behind. O(requests log areas + spans).
  package func cost(of requests: [MapRequest], _ waiting: Waiting = .wait) throws(Refusal) -> Cost {
    try acquireDomainsShared(waiting)
    defer { domainsLock.unlock() }
    if waiting == .tryOnly, requests.count > Quick.areas { throw .contended }
    try acquireIOVAs(waiting)
    let areas: ShortList<Area>
    do throws(Refusal) {
      areas = try reserve(requests, isTrial: true)
    } catch {
      iovaLock.unlock()
      throw error
    }
    iovaLock.unlock()
    return try cost(of: areas, waiting)
  }

  /// What ``copy(_:from:_:)`` would take, as ``cost(of:_:)-(_,Waiting)`` says it.
  package func cost(
    of request: CopyRequest, from source: AddressSpace, _ waiting: Waiting = .wait
  ) throws(Refusal) -> Cost {
    try acquireDomainsShared(waiting)
    defer { domainsLock.unlock() }
    let areas = try tryCopy(request, from: source, waiting)
    return try cost(of: areas, waiting)
  }

  /// `areas` stand nowhere; the domain list is held.
  private func cost(of areas: ShortList<Area>, _ waiting: Waiting) throws(Refusal) -> Cost {
    var pins: [(pages: Pages, count: UInt64)] = []
    if !attached.isEmpty {
      // What two areas of one call show of the same pages is pinned once.
      for (pages, ranges) in Self.indexes(of: areas) {
        try pages.acquire(waiting)
        let count = ranges.reduce(0) { $0 + pages.unheld(in: $1) }
        pages.lock.unlock()
        if count > 0 { pins.append((pages, count)) }
      }
    }
    return Cost(areas: areas.count, pins: pins)
  }

  /// The indexes that `areas` touch of each pages object: sorted, disjoint and not adjacent.
  private static func indexes(of areas: ShortList<Area>) -> [(pages: Pages, ranges: [IndexRange])] {
    var touched: [ObjectIdentifier: (pages: Pages, ranges: [IndexRange])] = [:]
    for area in areas {
      touched[ObjectIdentifier(area.pages), default: (area.pages, [])].ranges.append(area.indexes)
    }
    return touched.values.map { pages, ranges in
      var merged: [IndexRange] = []
      for range in ranges.sorted(by: { $0.first < $1.first }) {
        if let last = merged.last, range.first.rawValue <= last.last.rawValue + 1 {
          merged[merged.count - 1].last = max(last.last, range.last)
        } else {
          merged.append(range)
        }
      }
      return (pages, merged)
    }
  }
}
