// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Memory of a memfd as an origin: frames of its own, real pins, guarded copies.
package final class MemfdOrigin: MemoryOrigin, @unchecked Sendable {
  package let file: MemfdFile

  package let frames: Frames
  let pool: RingPool
  let windows = FileWindows()
  let holes = HoleProbe()

  /// Guards what follows; never held across a call that takes the kernel long.
  let lock = Lock()
  var book = RegistrationBook<Hold>()
  /// True once mlock stood in for io_uring, or from the start.
  var locksOnly: Bool

  /// - Parameters:
  ///   - frames: those of a range hold all of the file.
  ///   - pinning: `.mlock` never tries io_uring.
  package init(_ file: consuming MemfdFile, frames: Frames, pinning: Pinning = .ioUring) {
    self.frames = frames
    pool = .shared
    // The kernel's pins are for writing: it makes none of memory that may only be read.
    locksOnly = pinning == .mlock || !file.facts.writable
    self.file = file
  }

  /// With a frame range of its own.
  /// - Throws: ENOSPC when `frames` has no range for the file's size.
  package convenience init(
    _ file: consuming MemfdFile, frames: FrameAllocator, pinning: Pinning = .ioUring
  ) throws(Errno) {
    let range = try FrameRange(bytes: file.size, in: frames)
    self.init(file, frames: .bus(range), pinning: pinning)
  }

  deinit {
    assert(book.registeredPages == 0, "memory let go while it is pinned")
  }

  /// Has the kernel promise the huge pages that the memory consists of: until now they may be given to others.
  /// - Throws: ENOMEM when there are not enough.
  package func reserve() throws(Errno) {
    var offset: UInt64 = 0
    while offset < size {
      offset += UInt64(try unsafe windows.bytes(of: file, at: offset, length: size - offset).count)
    }
  }

  /// Bytes.
  package var size: UInt64 { file.size }
  package var identity: FileIdentity { file.facts.identity }
  package var writable: Bool { file.facts.writable }

  /// Memory made here gets its pages when they are pinned, and that takes its time. A client's pages are there, or the
  /// pin is refused.
  package func isQuick(_ range: IndexRange) -> Bool {
    guard file.isOwn else { return true }
    return (try? holes.firstHole(in: range, of: file, allowingAllocated: false)) == .some(nil)
  }

  package func index(of pfn: PFN) -> PageIndex? {
    let index =
      switch frames {
      case .bus(let range): range.index(of: pfn)
      case .machine(let machine): machine.index(of: pfn)
      }
    guard let index, size > 0, index.rawValue <= (size - 1) / Page.size else { return nil }
    return index
  }

  package func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? {
    guard let first = index(of: run.pfn) else { return nil }
    if case .bus(let range) = frames, !range.isScattered {
      return (first, min(run.count, (size - 1) / Page.size - first.rawValue + 1))
    }
    return (first, 1)
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
