// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Which IOVAs of an address space may be used: what all of its domains can address, less what is reserved, and,
/// for those that the space chooses itself, only what is allowed.
struct UsableRanges {
  /// Who took a range out of use, so that it comes back with its owner.
  struct Reservation {
    var range: IOVARange
    var owner: ObjectIdentifier?
  }

  /// What every attached domain can address.
  private(set) var aperture = IOVARange.all
  /// The largest of the domains' smallest leaves, 1 without domains.
  private(set) var leafAlignment: UInt64 = 1
  /// The smallest of the domains' largest leaves, 2 MiB without domains.
  private(set) var largestLeaf: UInt64 = 2 << 20
  private(set) var reservations: [Reservation] = []
  /// Where the space may choose, and what is promised to stay usable; empty: anywhere, and nothing.
  private(set) var allowed: [IOVARange] = []
  /// Sorted, disjoint and not adjacent.
  private(set) var usable = [IOVARange.all]
  /// Where the space may choose: `usable` without the page at 0 and the last page.
  private(set) var choosable = [UsableRanges.choosableAll]

  private static let choosableAll = IOVARange(
    IOVA(Page.size), through: IOVA(UInt64.max - Page.size))

  mutating func setDomains(_ domains: [any Domain]) {
    aperture = .all
    leafAlignment = 1
    largestLeaf = domains.isEmpty ? 2 << 20 : .max
    for domain in domains {
      // Every domain was checked when it came, so the apertures have IOVAs in common.
      aperture = aperture.intersection(domain.aperture) ?? aperture
      leafAlignment = max(leafAlignment, domain.pageSizes.smallest)
      largestLeaf = min(largestLeaf, domain.pageSizes.largest)
    }
    update()
  }

  mutating func reserve(_ ranges: [IOVARange], for owner: ObjectIdentifier?) {
    reservations += ranges.map { Reservation(range: $0, owner: owner) }
    update()
  }

  mutating func release(_ owner: ObjectIdentifier) {
    reservations.removeAll { $0.owner == owner }
    update()
  }

  /// Gives back reservations of exactly these ranges that belong to nobody; answers the first that is none, and then
  /// nothing has changed.
  mutating func release(_ ranges: [IOVARange]) -> IOVARange? {
    var left = reservations
    for range in ranges {
      guard let position = left.lastIndex(where: { $0.owner == nil && $0.range == range }) else {
        return range
      }
      left.remove(at: position)
    }
    reservations = left
    update()
    return nil
  }

  /// Reservations that belong to nobody.
  var ownerless: Int { reservations.count { $0.owner == nil } }

  mutating func allow(_ ranges: [IOVARange]) {
    allowed = ranges
    update()
  }

  /// An allowed range that the loss of `range` would break.
  func promise(over range: IOVARange) -> IOVARange? { allowed.first { $0.overlaps(range) } }

  /// Whether all of `range` may be mapped. O(log n).
  func allows(_ range: IOVARange) -> Bool {
    var low = 0
    var high = usable.count
    while low < high {
      let middle = (low + high) / 2
      if usable[middle].last < range.first { low = middle + 1 } else { high = middle }
    }
    return low < usable.count && usable[low].contains(range)
  }

  /// O(n log n) in the number of ranges.
  private mutating func update() {
    usable = Self.subtract(reservations.map(\.range), from: aperture)
    let places = allowed.isEmpty ? usable : Self.intersect(usable, allowed)
    choosable = places.compactMap { $0.intersection(Self.choosableAll) }
  }

  /// What is left of `whole` without `holes`, which may overlap: sorted, disjoint and not adjacent.
  static func subtract(_ holes: [IOVARange], from whole: IOVARange) -> [IOVARange] {
    var rest: [IOVARange] = []
    var next = whole.first
    for hole in holes.sorted(by: { $0.first < $1.first }) where hole.last >= next {
      if hole.first > whole.last { break }
      if hole.first > next { rest.append(IOVARange(next, through: IOVA(hole.first.rawValue - 1))) }
      if hole.last >= whole.last { return rest }
      next = IOVA(hole.last.rawValue + 1)
    }
    rest.append(IOVARange(next, through: whole.last))
    return rest
  }

  /// What two lists, both sorted and disjoint, have in common. O(both).
  static func intersect(_ left: [IOVARange], _ right: [IOVARange]) -> [IOVARange] {
    var common: [IOVARange] = []
    var (a, b) = (0, 0)
    while a < left.count, b < right.count {
      if let part = left[a].intersection(right[b]) { common.append(part) }
      if left[a].last < right[b].last { a += 1 } else { b += 1 }
    }
    return common
  }
}
