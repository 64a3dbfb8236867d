// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// What a log says that a context holds.
package struct SavedContext: Sendable {
  package private(set) var options = SavedOptions()
  package private(set) var spaces: [ObjectID: SavedIOAS] = [:]
  package private(set) var devices: [ObjectID: SavedDevice] = [:]
  package private(set) var tables: [ObjectID: SavedTable] = [:]
  package private(set) var accesses: [ObjectID: SavedAccess] = [:]
  package private(set) var memories: [ObjectID: SavedMemory] = [:]
  package private(set) var pages: [ObjectID: SavedPages] = [:]
  package private(set) var quarantined: Set<ObjectID> = []
  package private(set) var answers = SavedAnswers()
  private var areas: [ObjectID: SavedAreas] = [:]
  /// The highest id that any change named.
  private var highest: ObjectID?

  package init() {}

  /// The areas of an IOAS, in order.
  package func areas(of ioas: ObjectID) -> [SavedArea] { areas[ioas]?.all ?? [] }

  /// The id that the next object is offered: none is given twice.
  package var upcoming: ObjectID {
    guard let highest, highest >= options.upcoming else { return options.upcoming }
    return highest.next
  }

  /// What was said before about the same thing is forgotten.
  package mutating func apply(_ change: Change) {
    switch change {
    case .context(let options): self.options = options
    case .ioas(let ioas):
      spaces[ioas.id] = ioas
      note(ioas.id)
    case .device(let device):
      devices[device.id] = device
      note(device.id)
    case .table(let table):
      tables[table.id] = table
      note(table.id)
    case .access(let access):
      accesses[access.id] = access
      note(access.id)
    case .memory(let memory):
      memories[memory.id] = memory
      note(memory.id)
    case .pages(let pages):
      self.pages[pages.id] = pages
      note(pages.id)
    case .area(let area):
      let known = areas[area.ioas] ?? SavedAreas()
      known.insert(area)
      areas[area.ioas] = known
    case .gone(let id):
      spaces[id] = nil
      areas[id] = nil
      devices[id] = nil
      tables[id] = nil
      accesses[id] = nil
      memories[id] = nil
      pages[id] = nil
      note(id)
    case .unmapped(let ioas, let range): areas[ioas]?.remove(range)
    case .quarantined(let id, let isQuarantined):
      if isQuarantined { quarantined.insert(id) } else { quarantined.remove(id) }
    case .answer(let answer): answers.add(answer)
    }
  }

  private mutating func note(_ id: ObjectID) {
    if let highest, highest >= id { return }
    highest = id
  }

  /// Forgets what goes without saying: pages objects that no area shows, and memory without any.
  package mutating func sweep() {
    var shown: Set<ObjectID> = []
    for areas in areas.values { areas.forEach { shown.insert($0.pages) } }
    pages = pages.filter { shown.contains($0.key) }
    let used = Set(pages.values.map(\.memory))
    memories = memories.filter { used.contains($0.key) }
    quarantined = quarantined.intersection(pages.keys)
  }

  /// Whether all that is named is there.
  func check() throws(LogCorruption) {
    func need(_ isThere: Bool) throws(LogCorruption) { if !isThere { throw LogCorruption() } }
    for (ioas, areas) in areas {
      try need(spaces[ioas] != nil || areas.isEmpty)
      var isRight = true
      areas.forEach { area in
        guard let pages = pages[area.pages], let size = Self.size(of: pages) else { return isRight = false }
        let length = area.range.last.rawValue - area.range.first.rawValue
        if area.byteOffset >= size || length >= size - area.byteOffset { isRight = false }
        if area.protection.contains(.write) && !pages.writable { isRight = false }
      }
      try need(isRight)
    }
    for pages in pages.values { try need(memories[pages.memory] != nil) }
    for table in tables.values { try need(spaces[table.ioas] != nil) }
    for access in accesses.values { try need(spaces[access.ioas] != nil) }
    for device in devices.values { try need(device.table.map { tables[$0] != nil } ?? true) }
    let ids = [
      Array(spaces.keys), Array(devices.keys), Array(tables.keys), Array(accesses.keys),
      Array(memories.keys), Array(pages.keys),
    ].joined()
    try need(Set(ids).count == ids.count)
  }

  /// Bytes of whole pages; nil for what no mapping has.
  private static func size(of pages: SavedPages) -> UInt64? {
    guard pages.length > 0, pages.length < 1 << 63, pages.offset < 1 << 63 else { return nil }
    let skew = pages.offset & Page.offsetMask
    return (skew + pages.length + Page.offsetMask) & ~Page.offsetMask
  }
}

/// The areas of one IOAS by IOVA. It goes where its ``SavedContext`` goes, which is with one thread at a time.
private final class SavedAreas: @unchecked Sendable {
  private var tree = RangeTree()
  /// At the places that the tree's entries carry; nil where one was removed.
  private var places: [SavedArea?] = []
  private var free: [Int] = []

  var isEmpty: Bool { places.count == free.count }

  /// What stood in its way is gone. O(log n).
  func insert(_ area: SavedArea) {
    let (first, last) = (area.range.first.rawValue, area.range.last.rawValue)
    if let before = tree.floor(first), before.last >= first { drop(before) }
    while let next = tree.floor(last), next.last >= first { drop(next) }
    let place = free.popLast() ?? places.count
    if place == places.count { places.append(area) } else { places[place] = area }
    tree.insert(RangeEntry(first: first, last: last, payload: UInt64(place)))
  }

  /// All that lie inside the range are gone. O(log n) and for each of them.
  func remove(_ range: IOVARange) {
    if let last = tree.floor(range.last.rawValue), last.last > range.last.rawValue {
      // One that reaches beyond the range stays.
      guard last.first > range.first.rawValue else { return }
      removeAll(range.first.rawValue, last.first - 1)
    } else {
      removeAll(range.first.rawValue, range.last.rawValue)
    }
  }

  private func removeAll(_ first: UInt64, _ last: UInt64) {
    tree.removeAll(from: first, through: last) { entry in
      places[Int(entry.payload)] = nil
      free.append(Int(entry.payload))
    }
  }

  private func drop(_ entry: RangeEntry) {
    let removed = tree.remove(entry)
    assert(removed)
    places[Int(entry.payload)] = nil
    free.append(Int(entry.payload))
  }

  func forEach(_ body: (SavedArea) -> Void) {
    for place in places { if let place { body(place) } }
  }

  var all: [SavedArea] { places.compactMap(\.self).sorted { $0.range.first < $1.range.first } }
}
