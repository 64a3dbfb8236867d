// SPDX-License-Identifier: Apache-2.0

import CLinux
import IommuBase
import IommuCore

/// A stretch of a process's memory as an origin. Its pins hold nothing: the process goes on to do with its pages what
/// it likes, and copies see what it sees at that moment.
package final class ProcessOrigin: MemoryOrigin {
  package let file: ProcessFile
  /// Where in the process byte 0 lies.
  package let address: UInt64
  /// Bytes.
  package let size: UInt64
  private let frames: FrameRange

  /// - Parameters:
  ///   - address: a multiple of 4096, less than 2^63, as is `address + size`.
  ///   - frames: hold `size` bytes.
  package init(_ file: ProcessFile, address: UInt64, size: UInt64, frames: FrameRange) {
    precondition(address & Page.offsetMask == 0 && address < 1 << 63 && size < 1 << 63 - address)
    self.file = file
    self.address = address
    self.size = size
    self.frames = frames
  }

  package var writable: Bool { file.writable }
  package var residency: Residency { .advisory }
  package var pinnedPages: UInt64 { 0 }
  package var registeredPages: UInt64 { 0 }

  /// A page of the process may be backed by a file that is never read to its end.
  package var mayBlock: Bool { true }

  package func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    guard !writable || self.writable else { throw .readOnly }
    let taken = frames.append(range, to: &batch)
    precondition(taken > 0, "a full batch")
    return taken
  }

  package func unpin(_ range: IndexRange, for holder: PinHolder) {}

  package func index(of pfn: PFN) -> PageIndex? {
    guard let index = frames.index(of: pfn), index.rawValue <= (size - 1) >> Page.shift else { return nil }
    return index
  }

  package func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? {
    guard let first = index(of: run.pfn) else { return nil }
    return (first, frames.isScattered ? 1 : min(run.count, (size - 1) >> Page.shift - first.rawValue + 1))
  }

  /// EFAULT where nothing is mapped, and everywhere once the process has given this address space up.
  package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    guard let base = buffer.baseAddress, buffer.count > 0 else { return }
    let number = file.descriptor.rawValue
    let done = unsafe iommu_pread_all(number, base, UInt64(buffer.count), address + offset)
    guard done == Int64(buffer.count) else { throw .origin(.efault, index: PageIndex(offset >> Page.shift)) }
  }

  /// EFAULT as for ``read(at:into:)``, and where the process itself may not be written to.
  package func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    guard writable else { throw .readOnly }
    guard let base = buffer.baseAddress, buffer.count > 0 else { return }
    let number = file.descriptor.rawValue
    let done = unsafe iommu_pwrite_all(number, base, UInt64(buffer.count), address + offset)
    guard done == Int64(buffer.count) else { throw .origin(.efault, index: PageIndex(offset >> Page.shift)) }
  }
}
