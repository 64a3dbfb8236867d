// SPDX-License-Identifier: Apache-2.0

/// Where pages objects are shown besides the place that they were made for. Confined to the loop.
///
/// Nobody tells it when a copy is unmapped: places may be out of date, and are dropped when there are many. Objects
/// that were never copied take nothing.
struct CopyBook {
  private var places: [ObjectID: [Place]] = [:]

  /// The object `id` was copied to `place`. Amortised O(1), looking each place up by `isCurrent` now and then.
  mutating func add(_ id: ObjectID, at place: Place, isCurrent: (Place) -> Bool) {
    var known = places[id, default: []]
    if known.count >= 8, known.count & (known.count - 1) == 0 { known.removeAll { !isCurrent($0) } }
    known.append(place)
    places[id] = known
  }

  /// The first place, in the order in which they came, that is up to date; those before it are dropped.
  mutating func current(_ id: ObjectID, isCurrent: (Place) -> Bool) -> Place? {
    guard let known = places[id] else { return nil }
    let found = known.firstIndex(where: isCurrent)
    if found != 0 { places[id] = found.map { Array(known[$0...]) } }
    return found.map { known[$0] }
  }

  mutating func remove(_ id: ObjectID) { places[id] = nil }
}
