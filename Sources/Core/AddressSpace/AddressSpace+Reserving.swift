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
      if let area = firstArea(in: range) { throw .addressInUse(area.range) }
    }
    limits.reserve(ranges, for: ObjectIdentifier(owner))
  }

  /// Gives back all that `owner` took out of use.
  package func unreserve(for owner: AnyObject) {
    iovaLock.lock()
    limits.release(ObjectIdentifier(owner))
    iovaLock.unlock()
  }
}
