// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore

/// The kernel's own table of which frame each page of this process lies in.
package final class Pagemap: Sendable {
  private let descriptor: OwnedDescriptor

  /// - Throws: EPERM when the kernel does not tell frame numbers, which takes CAP_SYS_ADMIN; what open throws.
  package init() throws(Errno) {
    let opened = unsafe open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
    guard opened >= 0 else { throw Errno.current }
    descriptor = OwnedDescriptor(owning: opened)
    // A page that is certainly there: this stack's.
    var frame: UInt64 = 0
    let found = unsafe withUnsafePointer(to: &frame) { here in
      unsafe Self.read(descriptor.rawValue, UnsafeRawPointer(here), count: 1)
    }
    guard let first = found.first, first != 0 else { throw .eperm }
  }

  /// The frames of `count` pages from `base` on, 0 for one that is not there; fewer where the table ends.
  func frames(at base: UnsafeRawPointer, count: Int) -> [UInt64] {
    unsafe Self.read(descriptor.rawValue, base, count: count)
  }

  private static func read(_ file: Int32, _ base: UnsafeRawPointer, count: Int) -> [UInt64] {
    unsafe [UInt64](unsafeUninitializedCapacity: count) { entries, filled in
      guard let start = entries.baseAddress else { return }
      filled = Int(max(unsafe iommu_pagemap_read(file, base, start, UInt64(count)), 0))
      // Bits 0 to 54 of what is present.
      for at in 0..<filled { unsafe entries[at] = entries[at] >> 63 == 0 ? 0 : entries[at] & (1 << 55 - 1) }
    }
  }
}

/// Which of the machine's own frames the pinned pages of one origin lie in. Any thread.
///
/// A hole punched in pinned memory gives the page another frame while the pin keeps the old one, so frames are
/// remembered for each holder.
package final class MachineFrames: @unchecked Sendable {
  private let pagemap: Pagemap
  private let lock = Lock()
  private var held: [PinHolder: [UInt64: UInt64]] = [:]
  private var indexes: [UInt64: (index: UInt64, holders: Int)] = [:]

  package init(_ pagemap: Pagemap) { self.pagemap = pagemap }

  /// Looks up the frames of `range`, which lies at `base` and is pinned for `holder`, and appends them to `batch`, which
  /// has room for all.
  /// - Throws: EFAULT when a page is not there, since somebody has punched a hole; nothing is remembered then.
  func append(
    _ range: IndexRange, at base: UnsafeRawPointer, for holder: PinHolder, to batch: inout RunBatch
  ) throws(Errno) {
    let frames = unsafe pagemap.frames(at: base, count: Int(range.count))
    guard frames.count == Int(range.count), !frames.contains(0) else { throw .efault }
    for frame in frames {
      let taken = batch.append(FrameRun(pfn: PFN(frame), count: 1))
      precondition(taken, "a batch without room")
    }
    lock.lock()
    defer { lock.unlock() }
    for (index, frame) in zip(range.first.rawValue..., frames) {
      held[holder, default: [:]][index] = frame
      indexes[frame, default: (index, 0)].holders += 1
    }
  }

  /// `holder` has given `range` back.
  func forget(_ range: IndexRange, for holder: PinHolder) {
    lock.lock()
    defer { lock.unlock() }
    for index in range.first.rawValue...range.last.rawValue {
      guard let frame = held[holder]?.removeValue(forKey: index) else { continue }
      indexes[frame]?.holders -= 1
      if indexes[frame]?.holders == 0 { indexes[frame] = nil }
    }
    if held[holder]?.isEmpty == true { held[holder] = nil }
  }

  func index(of pfn: PFN) -> PageIndex? {
    lock.lock()
    defer { lock.unlock() }
    return indexes[pfn.rawValue].map { PageIndex($0.index) }
  }
}
