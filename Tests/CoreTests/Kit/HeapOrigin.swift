// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// An origin of contiguous frames whose bytes any thread may copy. It pins whole runs, so it may be very large while
/// only the first pages have bytes.
final class HeapOrigin: Origin, @unchecked Sendable {
  let size: UInt64
  let base: UInt64
  private let lock = Lock()
  private let bytes: Bytes
  private var pinnedPages: UInt64 = 0
  /// Bytes from here on cannot be copied.
  private var end: UInt64

  /// - Parameters:
  ///   - pages: what it holds.
  ///   - backed: pages that have bytes.
  ///   - base: frame of its first page.
  init(pages: UInt64, backed: UInt64? = nil, base: UInt64 = 1 << 18) {
    size = pages << Page.shift
    self.base = base
    bytes = Bytes([UInt8](repeating: 0, count: Int((backed ?? pages) << Page.shift)))
    end = (backed ?? pages) << Page.shift
  }

  /// Lets every copy of bytes from `offset` on fail.
  func truncate(to offset: UInt64) {
    lock.lock()
    end = offset
    lock.unlock()
  }

  func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    guard batch.append(FrameRun(pfn: PFN(base + range.first.rawValue), count: range.count)) else {
      throw .origin(.eagain, index: range.first)
    }
    lock.lock()
    pinnedPages += range.count
    lock.unlock()
    return range.count
  }

  func unpin(_ range: IndexRange, for holder: PinHolder) {
    lock.lock()
    pinnedPages -= range.count
    lock.unlock()
  }

  func index(of pfn: PFN) -> PageIndex? {
    pfn.rawValue >= base && pfn.rawValue - base < size >> Page.shift ? PageIndex(pfn.rawValue - base) : nil
  }

  func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? {
    index(of: run.pfn).map { ($0, min(run.count, size >> Page.shift - $0.rawValue)) }
  }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    lock.lock()
    defer { lock.unlock() }
    let count = try reach(offset, buffer.count)
    unsafe buffer.copyMemory(
      from: UnsafeRawBufferPointer(rebasing: bytes.raw[Int(offset)..<Int(offset) + count]))
    if count < buffer.count { throw .origin(.efault, index: PageIndex(end >> Page.shift)) }
  }

  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    lock.lock()
    defer { lock.unlock() }
    let count = try reach(offset, buffer.count)
    let target = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes.raw[Int(offset)..<Int(offset) + count])
    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    if count < buffer.count { throw .origin(.efault, index: PageIndex(end >> Page.shift)) }
  }

  private func reach(_ offset: UInt64, _ count: Int) throws(Refusal) -> Int {
    guard offset < end else { throw .origin(.efault, index: PageIndex(offset >> Page.shift)) }
    return Int(min(UInt64(count), end - offset))
  }

  var pinned: UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return pinnedPages
  }
}
