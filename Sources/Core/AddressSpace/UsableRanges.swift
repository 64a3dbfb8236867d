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

  mutating func allow(_ ranges: [IOVARange]) {
    allowed = ranges
    update()
  }

  /// An allowed range that the loss of `range` would break.
  func promise(over range: IOVARange) -> IOVARange? { allowed.first { $0.overlaps(range) } }

  /// Whether all of `range` may be mapped.
  func allows(_ range: IOVARange) -> Bool {
    aperture.contains(range) && !reservations.contains { $0.range.overlaps(range) }
  }

  private mutating func update() {
    usable = [aperture]
    for reservation in reservations { usable = Self.subtract(reservation.range, from: usable) }
    let places =
      allowed.isEmpty ? usable : usable.flatMap { range in allowed.compactMap { range.intersection($0) } }
    choosable = places.compactMap { $0.intersection(Self.choosableAll) }.sorted { $0.first < $1.first }
  }

  static func subtract(_ hole: IOVARange, from ranges: [IOVARange]) -> [IOVARange] {
    var rest: [IOVARange] = []
    for range in ranges {
      guard range.overlaps(hole) else {
        rest.append(range)
        continue
      }
      if range.first < hole.first {
        rest.append(IOVARange(range.first, through: IOVA(hole.first.rawValue - 1)))
      }
      if hole.last < range.last {
        rest.append(IOVARange(IOVA(hole.last.rawValue + 1), through: range.last))
      }
    }
    return rest
  }
}
