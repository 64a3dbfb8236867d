// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// A memfd for those who need no pins: numbers pages without holding them. Copies are those of the memory itself.
package final class AdvisoryOrigin: MemoryOrigin {
  /// The same memory, with pins.
  package let pinning: MemfdOrigin
  private let frames: FrameRange

  /// Nil where pages have the machine's frames, in which only pins keep them.
  package init?(_ pinning: MemfdOrigin) {
    guard case .bus(let frames) = pinning.frames else { return nil }
    self.pinning = pinning
    self.frames = frames
  }

  package var size: UInt64 { pinning.size }
  package var writable: Bool { pinning.writable }
  package var residency: Residency { .advisory }
  package var pinnedPages: UInt64 { 0 }
  package var registeredPages: UInt64 { 0 }

  package func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    guard !writable || self.writable else { throw .readOnly }
    let taken = frames.append(range, to: &batch)
    precondition(taken > 0, "a full batch")
    return taken
  }

  package func unpin(_ range: IndexRange, for holder: PinHolder) {}

  package func index(of pfn: PFN) -> PageIndex? { pinning.index(of: pfn) }
  package func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? { pinning.indexes(of: run) }

  package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    try unsafe pinning.read(at: offset, into: buffer)
  }

  package func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    try unsafe pinning.write(at: offset, from: buffer)
  }
}
