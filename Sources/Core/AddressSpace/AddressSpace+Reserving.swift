// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension AddressSpace {
  /// Takes `ranges` out of use for as long as `owner`, a device say, stands on the space.
  ///
  /// - Throws: ``Refusal/addressInUse(_:)`` where areas stand, `contended`.
  package func reserve(
    _ ranges: [IOVARange], for owner: AnyObject, _ waiting: Waiting = .wait
  ) throws(Refusal) {
    if ranges.isEmpty { return }
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    try checkFree(ranges)
    limits.reserve(ranges, for: ObjectIdentifier(owner))
  }

  private func checkFree(_ ranges: [IOVARange]) throws(Refusal) {
    for range in ranges {
      if let area = anyArea(in: range) { throw .addressInUse(area.range) }
      if let promise = limits.promise(over: range) { throw .addressInUse(promise) }
    }
  }

  /// Gives back all that `owner` took out of use.
  package func unreserve(for owner: AnyObject) {
    iovaLock.lock()
    limits.release(ObjectIdentifier(owner))
    iovaLock.unlock()
  }

  /// Ranges that belong to no device, and allowed ones, at most: what many of them cost others is bounded.
  package static var rangeLimit: Int { 1024 }

  /// Takes `ranges`, all or none, out of use until they are given back. They may overlap what is reserved already: an
  /// IOVA is usable again when all who reserved it have given it back.
  ///
  /// - Throws: ``Refusal/addressInUse(_:)`` where areas stand or ranges are allowed,
  ///   ``Refusal/rangeLimit(_:limit:)``, `contended`.
  package func reserve(_ ranges: [IOVARange], _ waiting: Waiting = .wait) throws(Refusal) {
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    let count = limits.ownerless + ranges.count
    guard count <= Self.rangeLimit else { throw .rangeLimit(count, limit: Self.rangeLimit) }
    try checkFree(ranges)
    limits.reserve(ranges, for: nil)
  }

  /// Gives back ranges that ``reserve(_:_:)`` took: each has to be exactly one of them. All or none.
  ///
  /// - Throws: ``Refusal/notReserved(_:)``, `contended`.
  package func unreserve(_ ranges: [IOVARange], _ waiting: Waiting = .wait) throws(Refusal) {
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    if let stranger = limits.release(ranges) { throw .notReserved(stranger) }
  }

  /// Limits the IOVAs that the space chooses itself to `ranges`, in any order, and promises that they stay usable:
  /// what would take one of them away is refused. An empty list lifts both.
  ///
  /// - Throws: ``Refusal/overlapping(_:_:)`` where two of them meet, ``Refusal/addressInUse(_:)`` where one is
  ///   reserved already or beyond what the domains address, `contended`.
  package func allow(_ ranges: [IOVARange], _ waiting: Waiting = .wait) throws(Refusal) {
    guard ranges.count <= Self.rangeLimit else { throw .rangeLimit(ranges.count, limit: Self.rangeLimit) }
    let sorted = ranges.sorted { $0.first < $1.first }
    for (left, right) in zip(sorted, sorted.dropFirst()) where left.overlaps(right) {
      throw .overlapping(left, right)
    }
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    for range in sorted where !limits.allows(range) { throw .addressInUse(range) }
    limits.allow(sorted)
  }
}
