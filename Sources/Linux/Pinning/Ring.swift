// SPDX-License-Identifier: Apache-2.0

import CLinux
import IommuBase

/// One io_uring with a sparse table of buffers, none of which it ever does I/O with: the kernel pins what is
/// registered there.
final class Ring: Sendable {
  /// Buffers that one table holds.
  static let slots: UInt32 = 16384

  private let descriptor: OwnedDescriptor

  /// - Throws: ENOSYS, EPERM or EACCES where io_uring is not to be had; ENOMEM, EMFILE.
  init() throws(Errno) {
    let status = iommu_ring_create(Self.slots)
    guard status >= 0 else { throw Errno(-status) }
    descriptor = OwnedDescriptor(owning: status)
  }

  /// Pins the bytes as the buffer of the empty `slot`. About 70 ns a page.
  func register(_ bytes: UnsafeMutableRawBufferPointer, at slot: UInt32) throws(Errno) {
    let status = unsafe iommu_ring_register(
      descriptor.rawValue, slot, bytes.baseAddress, UInt64(bytes.count))
    guard status == 0 else { throw Errno(-status) }
  }

  /// Empties `count` slots. Answers false when the kernel could not: older ones need a little memory for it.
  func unregister(_ first: UInt32, count: UInt32) -> Bool {
    iommu_ring_unregister(descriptor.rawValue, first, count) == 0
  }
}

/// A registered buffer.
struct RingSlot: Sendable {
  let seat: RingPool.Seat
  let index: UInt32
}
