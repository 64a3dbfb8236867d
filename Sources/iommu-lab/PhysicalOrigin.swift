// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuLinux

/// A real memfd behind real pins, whose frames are the machine's own, as a daemon on such a machine has them.
///
/// Only pins of io_uring keep a page in its frame, so without them, and without CAP_SYS_ADMIN, there is none.
final class PhysicalOrigin: LabOrigin {
  private let inner: MemfdOrigin

  /// Takes the memory and fills it.
  init(pages: UInt64) throws(LabError) {
    let pagemap: Pagemap
    do throws(Errno) {
      pagemap = try Pagemap()
    } catch .eperm {
      throw LabError("--pfns physical needs CAP_SYS_ADMIN to see frames")
    } catch {
      throw LabError("--pfns physical: cannot read /proc/self/pagemap: \(error)")
    }
    do throws(Errno) {
      let made = unsafe iommu_memfd_create("iommu-lab", UInt32(IOMMU_HUGE_NONE))
      guard made >= 0 else { throw Errno(-made) }
      let descriptor = OwnedDescriptor(owning: made)
      let failure = posix_fallocate(made, 0, Int(pages << Page.shift))
      guard failure == 0 else { throw Errno(failure) }
      let facts = try MemfdFacts(of: descriptor)
      inner = MemfdOrigin(
        MemfdFile(received: descriptor, facts), frames: .machine(MachineFrames(pagemap)))
    } catch {
      throw LabError("no memory to pin: \(error)")
    }
    try tryOut()
  }

  /// Pins one page, so that what is missing is said at once.
  private func tryOut() throws(LabError) {
    let (page, holder) = (IndexRange(0, through: 0), PinHolder(rawValue: 0))
    var batch = RunBatch(limit: 1)
    do throws(Refusal) {
      _ = try inner.pin(page, for: holder, writable: true, into: &batch)
    } catch {
      throw LabError("--pfns physical: cannot pin: \(error.errno)")
    }
    inner.unpin(page, for: holder)
    guard inner.residency == .pinned else { throw LabError("--pfns physical: no pins from io_uring here") }
  }

  var size: UInt64 { inner.size }

  func byte(at offset: UInt64) -> UInt8? { nil }

  func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    try inner.pin(range, for: holder, writable: writable, into: &batch)
  }

  func unpin(_ range: IndexRange, for holder: PinHolder) { inner.unpin(range, for: holder) }

  func index(of pfn: PFN) -> PageIndex? { inner.index(of: pfn) }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    try unsafe inner.read(at: offset, into: buffer)
  }

  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    try unsafe inner.write(at: offset, from: buffer)
  }
}
