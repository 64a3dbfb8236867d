// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A buffer of frame runs with a limit, through which PFNs travel between tiers and domains.
///
/// Appending joins neighbours, so each run is the longest that the batch can hold.
@safe @frozen
@usableFromInline
package struct RunBatch: ~Copyable {
  /// The runs that fit in one batch unless somebody asks otherwise: one pin call of the kernel's size (8192
  /// pages) always fits, whatever its frames.
  package static var defaultLimit: Int { 8192 }

  // None before the first run: most readers never need theirs.
  @usableFromInline var storage: UnsafeMutablePointer<FrameRun>?
  @usableFromInline var capacity = 0
  /// Runs that the batch may hold.
  @usableFromInline package let limit: Int
  /// Runs held.
  @usableFromInline package internal(set) var count = 0
  /// Pages in all runs together.
  @usableFromInline package internal(set) var pages: UInt64 = 0

  /// - Parameter limit: runs, at least 1. Memory grows towards it as runs come.
  package init(limit: Int = defaultLimit) {
    precondition(limit > 0)
    self.limit = limit
  }

  deinit { if let storage = unsafe storage { unsafe Heap.give(storage) } }

  package var isEmpty: Bool { count == 0 }

  package subscript(position: Int) -> FrameRun {
    precondition(position >= 0 && position < count)
    return unsafe storage.unsafelyUnwrapped[position]
  }

  /// Takes `run` in, joined to the last one when its frames follow; answers false, and takes nothing, when
  /// the batch is full. Amortised O(1).
  // Inlined into origins and domains of other modules: it runs once a page where frames are scattered.
  @inlinable @inline(__always)
  package mutating func append(_ run: FrameRun) -> Bool {
    assert(run.count > 0)
    if count > 0 {
      let last = unsafe storage.unsafelyUnwrapped + (count &- 1)
      if unsafe last.pointee.pfn.rawValue &+ last.pointee.count == run.pfn.rawValue {
        unsafe last.pointee.count &+= run.count
        pages &+= run.count
        return true
      }
    }
    if count == capacity {
      guard count < limit else { return false }
      grow()
    }
    unsafe storage.unsafelyUnwrapped[count] = run
    count &+= 1
    pages &+= run.count
    return true
  }

  @usableFromInline @inline(never)
  mutating func grow() {
    let larger = min(limit, max(capacity * 4, 4))
    let memory = unsafe Heap.take(larger * MemoryLayout<FrameRun>.stride)
    let moved = unsafe memory.bindMemory(to: FrameRun.self, capacity: larger)
    if let storage = unsafe storage {
      unsafe moved.moveInitialize(from: storage, count: count)
      unsafe Heap.give(storage)
    }
    unsafe storage = moved
    capacity = larger
  }

  package mutating func removeAll() {
    count = 0
    pages = 0
  }

  /// The runs, for a tight loop. The pointer holds until the batch changes.
  package func withRuns<R>(_ body: (UnsafeBufferPointer<FrameRun>) -> R) -> R {
    unsafe body(UnsafeBufferPointer(start: storage, count: count))
  }
}
