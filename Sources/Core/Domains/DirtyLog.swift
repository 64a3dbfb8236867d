// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Which IOVAs devices have written through one I/O page table: its dirty bits, but as runs, and exact to the
/// smallest page of the table, at most 4 KiB, whatever leaf a write went through. Any thread.
///
/// A write is marked when its bytes are in memory and while what it went through cannot be unmapped yet. Whoever takes
/// marks and reads the memory afterwards so finds either the bytes there or the mark the next time.
package final class DirtyLog: @unchecked Sendable {
  /// Base-2 logarithm of the bytes that one mark stands for.
  private let shift: UInt64
  private let lock = Lock()
  // Guarded by the lock.
  private var isTracking = false
  private var marks = SpanSet()

  /// - Parameter grain: bytes of the table's smallest page; a power of two, at most 4096.
  package init(grain: UInt64) { shift = UInt64(grain.trailingZeroBitCount) }

  /// Begins with nothing marked, or ends and forgets.
  package func setTracking(_ isTracking: Bool) {
    lock.lock()
    defer { lock.unlock() }
    self.isTracking = isTracking
    marks.removeAll()
  }

  package var isOn: Bool {
    lock.lock()
    defer { lock.unlock() }
    return isTracking
  }

  /// About the bytes that the marks take.
  package var bytes: UInt64 {
    lock.lock()
    defer { lock.unlock() }
    return UInt64(marks.count) * 32
  }

  /// Runs of marks.
  package var count: Int {
    lock.lock()
    defer { lock.unlock() }
    return marks.count
  }

  /// A device has written some of `range`. O(log runs).
  package func mark(_ range: IOVARange) {
    lock.lock()
    defer { lock.unlock() }
    if isTracking { marks.insert(range.first.rawValue >> shift, through: range.last.rawValue >> shift) }
  }

  /// `range` is unmapped: what was written there is nobody's business any more. O(log runs) for each run.
  package func discard(_ range: IOVARange) {
    lock.lock()
    defer { lock.unlock() }
    if marks.isEmpty { return }
    marks.remove(range.first.rawValue >> shift, through: range.last.rawValue >> shift)
  }

  /// The first marked runs of `range`, `limit` at most, whose marks are taken away unless they are to be kept.
  /// O(log runs) for each of them.
  ///
  /// - Throws: ``Refusal/notTracking``.
  package func take(
    from range: IOVARange, limit: Int, keep: Bool
  ) throws(Refusal) -> [IOVARange] {
    lock.lock()
    defer { lock.unlock() }
    guard isTracking else { throw .notTracking }
    var found: [IOVARange] = []
    let (first, last) = (range.first.rawValue >> shift, range.last.rawValue >> shift)
    let grain: UInt64 = 1 << shift
    marks.forEach(in: first, through: last) { first, last in
      guard found.count < limit else { return false }
      found.append(IOVARange(IOVA(first << shift), through: IOVA(last << shift + (grain - 1))))
      return true
    }
    if !keep, let end = found.last { marks.remove(first, through: end.last.rawValue >> shift) }
    return found
  }
}
