// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Areas that came back after a restart and whose pages may not be there to be pinned any more. An area keeps its IOVAs
/// whatever happens; while it is *degraded* no domain translates it, so that devices fault there.
extension AddressSpace {
  /// Lets a domain join as ``attach(_:reserved:_:)`` does, but leaves out what cannot be filled: that is degraded.
  ///
  /// - Parameter begins: told the account of each pages object before it may be pinned, and nil at the end.
  /// - Throws: ``Refusal/addressInUse(_:)`` alone.
  package func restore(
    _ domain: any Domain, begins: ((any PinAccount)?) -> Void = { _ in }
  ) throws(Refusal) {
    domainsLock.lockExclusive()
    defer { domainsLock.unlock() }
    iovaLock.lock()
    let areas: [Area]
    do throws(Refusal) {
      try checkFits(domain, [])
      areas = allAreas()
    } catch {
      iovaLock.unlock()
      throw error
    }
    limits.setDomains(attached + [domain])
    iovaLock.unlock()
    let others = attached
    attached.append(domain)
    for area in areas where !area.isDegraded {
      begins(area.pages.account)
      if !fill(area, into: domain, besides: others) { setDegraded(area, true) }
    }
    begins(nil)
  }

  private func fill(_ area: Area, into domain: any Domain, besides others: [any Domain]) -> Bool {
    area.pages.lock.lock()
    defer { area.pages.lock.unlock() }
    do throws(Refusal) {
      if others.isEmpty {
        try area.pages.fill(area, into: [domain], filling)
      } else {
        try area.pages.fill(area, intoAnother: domain, filling)
      }
      return true
    } catch {
      // All domains of a space translate alike.
      area.pages.unfill(area, from: others)
      return false
    }
  }

  /// Tries once more to fill the degraded areas inside `range`, or all of them for nil.
  ///
  /// - Parameter begins: as for ``restore(_:begins:)``.
  /// - Returns: how many areas are translated again, and why each of the others is not.
  package func refill(
    _ range: IOVARange? = nil, begins: ((any PinAccount)?) -> Void = { _ in }
  ) -> (filled: Int, refused: [(area: IOVARange, why: Refusal)]) {
    domainsLock.lockExclusive()
    defer { domainsLock.unlock() }
    iovaLock.lock()
    let areas = allAreas().filter { $0.isDegraded && range?.contains($0.range) ?? true }
    iovaLock.unlock()
    var refused: [(area: IOVARange, why: Refusal)] = []
    for area in areas {
      begins(area.pages.account)
      do throws(Refusal) {
        try withPages(area.pages, .wait) { () throws(Refusal) in
          try area.pages.fill(area, into: attached, filling)
        }
        setDegraded(area, false)
      } catch {
        refused.append((area.range, error))
      }
    }
    begins(nil)
    return (areas.count - refused.count, refused)
  }

  private func setDegraded(_ area: Area, _ isDegraded: Bool) {
    iovaLock.lock()
    if area.isDegraded != isDegraded { degraded += isDegraded ? 1 : -1 }
    area.isDegraded = isDegraded
    iovaLock.unlock()
  }
}
