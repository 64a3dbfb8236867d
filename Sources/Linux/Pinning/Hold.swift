// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// What keeps a stretch of memory where it is.
enum Hold: Sendable {
  case registered(RingSlot)
  /// The mapping is this hold's alone, since locks of one address do not count.
  case locked(LockedMapping)

  /// Lets all of `holds` go.
  static func release(_ holds: [Hold], pool: RingPool) {
    // The locked ones go with the array.
    pool.unregister(
      holds.compactMap { if case .registered(let slot) = $0 { slot } else { nil } })
  }
}

/// A locked mapping of part of a file; letting go of it unlocks.
final class LockedMapping: Sendable {
  private let mapping: OwnedMapping

  /// Maps and locks `length` bytes of `file` from `offset` on, both multiples of its page size.
  /// - Throws: EFAULT when the file has become shorter; ENOMEM over the limit of locked memory.
  init(_ file: borrowing MemfdFile, offset: UInt64, length: UInt64) throws(Errno) {
    mapping = try file.map(offset: offset, length: length)
    let status = unsafe iommu_mlock(mapping.base, length)
    guard status != 0 else { return }
    // A page past the end answers like one too many.
    if (try? file.currentSize()).map({ $0 < min(offset + length, file.size) }) ?? true { throw .efault }
    throw status == -EFAULT ? .efault : .enomem
  }
}
