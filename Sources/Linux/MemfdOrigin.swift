// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Memory of a memfd as an origin: frames of its own range, real pins, guarded copies.
package final class MemfdOrigin: Origin, @unchecked Sendable {
  package let file: MemfdFile
  /// The frame of index 0, aligned to 1 GiB. Frame `n` behind it is index `n`.
  package let frameBase: PFN

  let frames: FrameAllocator
  let pool: RingPool
  let windows = FileWindows()
  let holes = HoleProbe()

  /// Guards what follows; never held across a call that takes the kernel long.
  let lock = Lock()
  var book = RegistrationBook<Hold>()
  /// True once mlock stood in for io_uring, or from the start.
  var locksOnly: Bool

  /// - Parameter pinning: `.mlock` never tries io_uring.
  /// - Throws: ENOSPC when `frames` has no range for the file's size.
  package init(
    _ file: consuming MemfdFile, frames: FrameAllocator, pinning: Pinning = .ioUring
  ) throws(Errno) {
    frameBase = try frames.allocate(bytes: file.size)
    self.frames = frames
    pool = .shared
    // The kernel's pins are for writing: it makes none of memory that may only be read.
    locksOnly = pinning == .mlock || !file.facts.writable
    self.file = file
  }

  deinit {
    assert(book.registeredPages == 0, "memory let go while it is pinned")
    frames.free(frameBase, bytes: file.size)
  }

  /// Bytes.
  package var size: UInt64 { file.size }
  package var identity: FileIdentity { file.facts.identity }
  package var writable: Bool { file.facts.writable }

  package func index(of pfn: PFN) -> PageIndex? {
    guard pfn >= frameBase, size > 0 else { return nil }
    let index = pfn.rawValue - frameBase.rawValue
    return index <= (size - 1) / Page.size ? PageIndex(index) : nil
  }

  package func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? {
    index(of: run.pfn).map { ($0, min(run.count, (size - 1) / Page.size - $0.rawValue + 1)) }
  }
}

extension MemfdOrigin {
  /// How pinned memory is held here.
  package var residency: Residency {
    lock.lock()
    defer { lock.unlock() }
    return locksOnly ? .locked : .pinned
  }

  /// Pages that holders have pinned; one that two holders have counts twice.
  package var pinnedPages: UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return book.pinnedPages
  }

  /// Pages that the kernel holds, those included that are retained until the rest of their registration goes.
  package var registeredPages: UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return book.registeredPages
  }
}
