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
    for range in ranges {
      if let area = anyArea(in: range) { throw .addressInUse(area.range) }
      if let promise = limits.promise(over: range) { throw .addressInUse(promise) }
    }
    limits.reserve(ranges, for: ObjectIdentifier(owner))
  }

  /// Gives back all that `owner` took out of use.
  package func unreserve(for owner: AnyObject) {
    iovaLock.lock()
    limits.release(ObjectIdentifier(owner))
    iovaLock.unlock()
  }

  /// Limits the IOVAs that the space chooses itself to `ranges`, in any order, and promises that they stay usable:
  /// what would take one of them away is refused. An empty list lifts both.
  ///
  /// - Throws: ``Refusal/overlapping(_:_:)`` where two of them meet, ``Refusal/addressInUse(_:)`` where one is
  ///   reserved already or beyond what the domains address, `contended`.
  package func allow(_ ranges: [IOVARange], _ waiting: Waiting = .wait) throws(Refusal) {
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
