// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// One address space of a script, with what the script has done to it so far.
final class LabSpace {
  /// What a map or a copy made.
  struct Area {
    var range: IOVARange
    var origin: CountingOrigin
    /// Byte of the origin at the first IOVA.
    var offset: UInt64
    var protection: Protection
  }

  struct Pin {
    var id: UInt32
    var range: IOVARange
  }

  let name: String
  let space: AddressSpace
  private(set) var access: Access?
  var domains: [(name: String, domain: CountingDomain)] = []
  /// By first IOVA.
  var areas: [UInt64: Area] = [:]
  var pins: [Pin] = []
  /// Whether a domain of the space remembers nothing.
  var hasNullDomain: Bool { domains.contains { $0.domain.inner is NullDomain } }

  init(_ name: String, batchLimit: Int?) {
    self.name = name
    space = batchLimit.map { AddressSpace(batchLimit: $0) } ?? AddressSpace()
  }

  /// The one access through which the script pins.
  func theAccess() throws(Refusal) -> Access {
    if let access { return access }
    let made = try Access(space, pins: true)
    access = made
    return made
  }

  /// The most recent pin of exactly `range`.
  func takePin(_ range: IOVARange) -> Pin? {
    guard let position = pins.lastIndex(where: { $0.range == range }) else { return nil }
    return pins.remove(at: position)
  }

  /// Lets everything go, whatever the script left.
  func clear() {
    try? access?.close()
    _ = try? space.unmapAll()
    for (_, domain) in domains { try? space.detach(domain) }
  }
}
