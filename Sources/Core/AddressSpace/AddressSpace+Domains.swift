// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension AddressSpace {
  /// Lets a domain join: all areas are filled into it, or nothing has changed. Frames come from tier 1, then from a
  /// domain that is there already, and only then from the origin.
  ///
  /// - Parameter reserved: IOVAs that are out of use as long as the domain stays.
  /// - Throws: ``Refusal/addressInUse(_:)`` where areas stand beyond the domain's aperture, in `reserved`, or off
  ///   its smallest leaf; what filling refuses; `contended`.
  package func attach(
    _ domain: any Domain, reserved: [IOVARange] = [], _ waiting: Waiting = .wait
  ) throws(Refusal) {
    try acquireDomainsExclusive(waiting)
    defer { domainsLock.unlock() }
    try acquireIOVAs(waiting)
    let areas: [Area]
    do throws(Refusal) {
      try checkQuickWalk(waiting)
      try checkFits(domain, reserved)
      areas = allAreas()
    } catch {
      iovaLock.unlock()
      throw error
    }
    // From here on nobody maps what the domain could not take.
    limits.setDomains(attached + [domain])
    limits.reserve(reserved, for: ObjectIdentifier(domain))
    iovaLock.unlock()
    do throws(Refusal) {
      try fill(areas, into: domain, waiting)
    } catch {
      iovaLock.lock()
      limits.release(ObjectIdentifier(domain))
      limits.setDomains(attached)
      iovaLock.unlock()
      throw error
    }
    attached.append(domain)
  }

  /// A try-only call does not walk over many areas. `iovaLock` is held.
  func checkQuickWalk(_ waiting: Waiting) throws(Refusal) {
    if waiting == .tryOnly, tree.count > Quick.areas { throw .contended }
  }

  /// With the domain list held exclusively no area is in transition.
  func allAreas() -> [Area] {
    var areas: [Area] = []
    areas.reserveCapacity(tree.count)
    guard var cursor = tree.cursor(from: UInt64(0)) else { return [] }
    repeat { areas.append(Self.area(of: cursor.entry)) } while cursor.advance()
    return areas
  }

  func checkFits(_ domain: any Domain, _ reserved: [IOVARange]) throws(Refusal) {
    guard limits.aperture.overlaps(domain.aperture) else { throw .addressInUse(domain.aperture) }
    for range in reserved {
      if let area = anyArea(in: range) { throw .addressInUse(area.range) }
      if let promise = limits.promise(over: range) { throw .addressInUse(promise) }
    }
    for promise in limits.allowed where !domain.aperture.contains(promise) { throw .addressInUse(promise) }
    if let lowest = tree.cursor(from: UInt64(0)), lowest.entry.first < domain.aperture.first.rawValue {
      throw .addressInUse(Self.area(of: lowest.entry).range)
    }
    if let highest = tree.floor(.max), highest.last > domain.aperture.last.rawValue {
      throw .addressInUse(Self.area(of: highest).range)
    }
    guard domain.pageSizes.smallest > alignment else { return }
    try checkAlignment(domain.pageSizes.smallest)
  }

  /// Whether every area would do with a larger alignment. O(areas).
  func checkAlignment(_ alignment: UInt64) throws(Refusal) {
    for area in allAreas() {
      let bits = area.range.first.rawValue | area.length | area.skew
      if bits & (alignment - 1) != 0 { throw .addressInUse(area.range) }
    }
  }

  /// Fills all areas into one more domain, or none.
  private func fill(_ areas: [Area], into domain: any Domain, _ waiting: Waiting) throws(Refusal) {
    let held = waiting == .tryOnly ? try tryLockQuick(areas) : []
    defer { for pages in held { pages.lock.unlock() } }
    if waiting == .tryOnly {
      guard areas.allSatisfy({ $0.pages.isQuick($0.indexes) }) else { throw .contended }
    }
    let isFirst = attached.isEmpty
    for (position, area) in areas.enumerated() where !area.isDegraded {
      do throws(Refusal) {
        try withPages(area.pages, waiting) { () throws(Refusal) in
          if isFirst {
            try area.pages.fill(area, into: [domain], filling)
          } else {
            try area.pages.fill(area, intoAnother: domain, filling)
          }
        }
      } catch {
        for filled in areas[..<position] { empty(filled, of: domain, waiting) }
        throw error
      }
    }
  }

  /// Takes one area out of `domain`, which is none of `attached`.
  private func empty(_ area: Area, of domain: any Domain, _ waiting: Waiting) {
    withPages(area.pages, waiting) {
      if let heir = attached.first {
        area.pages.unmap(area, fromLeaving: domain, heir: heir)
      } else {
        area.pages.unfill(area, from: [domain])
      }
    }
  }

  /// Lets a domain go: every area is unmapped from it. The last one to leave also unpins what no access and no other
  /// area holds; while another stays, nothing is unpinned or read. Waits for devices that copy. Fails only as
  /// try-only.
  package func detach(_ domain: any Domain, _ waiting: Waiting = .wait) throws(Refusal) {
    try acquireDomainsExclusive(waiting)
    defer { domainsLock.unlock() }
    guard let position = attached.firstIndex(where: { $0 === domain }) else {
      preconditionFailure("the domain is not attached")
    }
    try acquireIOVAs(waiting)
    let areas: [Area]
    let held: [Pages]
    do throws(Refusal) {
      try checkQuickWalk(waiting)
      areas = allAreas()
      held = waiting == .tryOnly ? try tryLockQuick(areas) : []
    } catch {
      iovaLock.unlock()
      throw error
    }
    iovaLock.unlock()
    attached.remove(at: position)
    for area in areas { empty(area, of: domain, waiting) }
    for pages in held { pages.lock.unlock() }
    iovaLock.lock()
    limits.release(ObjectIdentifier(domain))
    limits.setDomains(attached)
    iovaLock.unlock()
  }

  /// The domains, first come first. Fails only as try-only.
  package func domains(_ waiting: Waiting = .wait) throws(Refusal) -> [any Domain] {
    try acquireDomainsShared(waiting)
    defer { domainsLock.unlock() }
    return attached
  }

  /// With huge pages off each page of a run is a map of its own and the alignment is 4096. They may always be switched
  /// on: what was mapped page by page stays so.
  ///
  /// - Throws: ``Refusal/domainsFilled`` when they are switched off while a domain and an area exist, `addressInUse` for
  ///   misaligned areas, `contended`.
  package func setHugePages(_ enabled: Bool, _ waiting: Waiting = .wait) throws(Refusal) {
    try acquireDomainsExclusive(waiting)
    defer { domainsLock.unlock() }
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    guard enabled != hugePages else { return }
    if !enabled {
      guard attached.isEmpty || tree.isEmpty else { throw .domainsFilled }
      try checkQuickWalk(waiting)
      try checkAlignment(Page.size)
    }
    hugePages = enabled
  }
}
