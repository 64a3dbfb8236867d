// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Memory that was there before a restart and is no more. It has a size, and nothing else: every pin and every copy is
/// refused.
package final class LostOrigin: MemoryOrigin {
  /// Bytes.
  package let size: UInt64
  package let writable: Bool

  package init(size: UInt64, writable: Bool) {
    self.size = size
    self.writable = writable
  }

  package var residency: Residency { .degraded }
  package var pinnedPages: UInt64 { 0 }
  package var registeredPages: UInt64 { 0 }

  package func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    throw .origin(.efault, index: range.first)
  }

  package func unpin(_ range: IndexRange, for holder: PinHolder) {}

  package func index(of pfn: PFN) -> PageIndex? { nil }

  package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    throw .origin(.efault, index: PageIndex(offset >> Page.shift))
  }

  package func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    throw .origin(.efault, index: PageIndex(offset >> Page.shift))
  }
}
