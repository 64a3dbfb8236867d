// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuLinux

/// A real memfd behind real pins, whose frames are the machine's own, read from /proc/self/pagemap.
///
/// Only pins of io_uring keep a page in its frame, so without them, and without CAP_SYS_ADMIN, there is none.
@safe
final class PhysicalOrigin: LabOrigin, @unchecked Sendable {
  private let inner: MemfdOrigin
  private let pages: UInt64
  private let mapping: OwnedMapping
  private let pagemap: OwnedDescriptor
  /// Frames by index, as they were when the page was last pinned; 0 before.
  private var frames: [UInt64]
  /// The other way round, made when it is asked for.
  private var indexes: [UInt64: UInt64] = [:]

  /// Takes the memory and fills it.
  init(pages: UInt64) throws(LabError) {
    do throws(Errno) {
      let made = unsafe iommu_memfd_create("iommu-lab", UInt32(IOMMU_HUGE_NONE))
      guard made >= 0 else { throw Errno(-made) }
      let descriptor = OwnedDescriptor(owning: made)
      let bytes = Int(pages << Page.shift)
      guard ftruncate(made, bytes) == 0 else { throw Errno.current }
      let base = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, made, 0)
      guard let base = unsafe base, unsafe base != MAP_FAILED else { throw Errno.current }
      unsafe mapping = OwnedMapping(owning: base, length: bytes)
      let opened = unsafe open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
      guard opened >= 0 else { throw Errno.current }
      pagemap = OwnedDescriptor(owning: opened)
      let facts = try MemfdFacts(of: descriptor)
      inner = try MemfdOrigin(MemfdFile(received: descriptor, facts), frames: FrameAllocator())
    } catch {
      throw LabError("no memory to pin: \(error)")
    }
    self.pages = pages
    frames = [UInt64](repeating: 0, count: Int(pages))
    try tryOut()
  }

  /// Pins one page, so that what is missing is said at once.
  private func tryOut() throws(LabError) {
    var batch = RunBatch(limit: 1)
    do throws(Refusal) {
      _ = try pin(IndexRange(0, through: 0), for: PinHolder(rawValue: 0), writable: true, into: &batch)
    } catch {
      throw LabError("--pfns physical: cannot pin and read /proc/self/pagemap: \(error.errno)")
    }
    unpin(IndexRange(0, through: 0), for: PinHolder(rawValue: 0))
    guard inner.residency == .pinned else { throw LabError("--pfns physical: no pins from io_uring here") }
    guard frames[0] != 0 else { throw LabError("--pfns physical needs CAP_SYS_ADMIN to see frames") }
  }

  var size: UInt64 { inner.size }

  func byte(at offset: UInt64) -> UInt8? { nil }

  func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    // No more than surely fits, were no two frames neighbours.
    let room = UInt64(batch.limit - batch.count)
    let wanted = IndexRange(first: range.first, count: min(range.count, max(room, 1)))
    var busFrames = RunBatch(limit: 1)
    let pinned = try inner.pin(wanted, for: holder, writable: writable, into: &busFrames)
    let got = IndexRange(first: range.first, count: pinned)
    do throws(Refusal) {
      try look(at: got)
      for index in got.first.rawValue...got.last.rawValue {
        guard batch.append(FrameRun(pfn: PFN(frames[Int(index)]), count: 1)) else {
          throw .origin(.enomem, index: PageIndex(index))
        }
      }
    } catch {
      inner.unpin(got, for: holder)
      throw error
    }
    return pinned
  }

  /// Reads the frames of pinned pages.
  private func look(at range: IndexRange) throws(Refusal) {
    let first = Int(range.first.rawValue)
    let base = unsafe UnsafeRawPointer(mapping.base) + first << Int(Page.shift)
    let mask: UInt64 = 1 << 55 - 1
    let got = unsafe frames.withUnsafeMutableBufferPointer { frames in
      guard let start = frames.baseAddress else { return Int64(0) }
      let got = unsafe iommu_pagemap_read(pagemap.rawValue, base, start + first, range.count)
      for index in first..<first + Int(max(got, 0)) { unsafe frames[index] &= mask }
      return got
    }
    guard got == Int64(range.count) else { throw .origin(.eio, index: range.first) }
    indexes = [:]
  }

  func unpin(_ range: IndexRange, for holder: PinHolder) { inner.unpin(range, for: holder) }

  func index(of pfn: PFN) -> PageIndex? {
    if indexes.isEmpty {
      for (index, frame) in frames.enumerated() where frame != 0 { indexes[frame] = UInt64(index) }
    }
    return indexes[pfn.rawValue].map(PageIndex.init(rawValue:))
  }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    try unsafe inner.read(at: offset, into: buffer)
  }

  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    try unsafe inner.write(at: offset, from: buffer)
  }
}
