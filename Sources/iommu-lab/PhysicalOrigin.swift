// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuLinux

/// A real memfd behind real pins, whose frames are the machine's own, read from /proc/self/pagemap.
final class PhysicalOrigin: LabOrigin {
  init(pages: UInt64) throws(LabError) { throw LabError("--pfns physical is not there yet") }
  var size: UInt64 { 0 }
  func frame(of index: UInt64) -> PFN? { nil }
  func byte(at offset: UInt64) -> UInt8? { nil }
  func pin(_ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch)
    throws(Refusal) -> UInt64
  { 0 }
  func unpin(_ range: IndexRange, for holder: PinHolder) {}
  func index(of pfn: PFN) -> PageIndex? { nil }
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {}
  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {}
}
