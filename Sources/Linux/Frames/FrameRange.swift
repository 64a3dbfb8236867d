// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Bus frames for the pages of one file, for as long as an origin counts its pages by them: given back with the last.
///
/// Whatever descriptors of a file come, its pages keep their frames. Any thread.
package final class FrameRange: Sendable {
  /// The lowest frame, aligned to 1 GiB.
  package let base: PFN
  /// Bytes that have frames here: at least those asked for.
  package let capacity: UInt64
  private let allocator: FrameAllocator
  private let scatter: Scatter?

  /// - Parameter scattered: neighbouring pages never have neighbouring frames, for tests of whatever moves frames.
  /// - Throws: ENOSPC when `allocator` has no range for so many bytes.
  package init(bytes: UInt64, in allocator: FrameAllocator, scattered: Bool = false) throws(Errno) {
    let unit = FrameAllocator.unit << Page.shift
    let units = bytes == 0 ? 1 : (bytes - 1) / unit + 1
    let taken = scattered ? 1 << UInt64(64 - (units - 1).leadingZeroBitCount) : units
    guard taken <= .max / unit else { throw .enospc }
    capacity = taken * unit
    base = try allocator.allocate(bytes: capacity)
    scatter = scattered ? Scatter(pages: capacity >> Page.shift) : nil
    self.allocator = allocator
  }

  /// The range that pages had before a restart.
  ///
  /// - Parameter capacity: as it was then.
  /// - Returns: nil when some of it is taken, or it never was a range.
  package init?(restoring base: PFN, capacity: UInt64, in allocator: FrameAllocator, scattered: Bool) {
    let unit = FrameAllocator.unit << Page.shift
    guard capacity >= unit, capacity % unit == 0, !scattered || capacity & (capacity - 1) == 0,
      allocator.take(base, bytes: capacity)
    else { return nil }
    self.capacity = capacity
    self.base = base
    scatter = scattered ? Scatter(pages: capacity >> Page.shift) : nil
    self.allocator = allocator
  }

  deinit { allocator.free(base, bytes: capacity) }

  package var isScattered: Bool { scatter != nil }

  /// Appends the frames of as many of the pages of `range` as `batch` takes, and answers how many. O(1), or O(pages)
  /// where they are scattered.
  package func append(_ range: IndexRange, to batch: inout RunBatch) -> UInt64 {
    guard let scatter else {
      let run = FrameRun(pfn: base.advanced(by: range.first.rawValue), count: range.count)
      return batch.append(run) ? range.count : 0
    }
    var index = range.first.rawValue
    while index <= range.last.rawValue {
      let frame = base.advanced(by: scatter.frame(of: index))
      guard batch.append(FrameRun(pfn: frame, count: 1)) else { break }
      index += 1
    }
    return index - range.first.rawValue
  }

  /// The page that has frame `pfn`, if one can have it.
  package func index(of pfn: PFN) -> PageIndex? {
    guard pfn >= base, pfn.rawValue - base.rawValue < capacity >> Page.shift else { return nil }
    let frame = pfn.rawValue - base.rawValue
    return PageIndex(scatter?.index(of: frame) ?? frame)
  }
}

/// A permutation of the numbers below a power of two that takes no neighbours to neighbours: multiplication by an odd
/// number.
private struct Scatter: Sendable {
  private let mask: UInt64
  private static let factor: UInt64 = 0x9e37_79b9_7f4a_7c1d
  private static let inverse: UInt64 = {
    // Newton's iteration doubles the bits that are right, of which an odd number has three as it is.
    var inverse = factor
    for _ in 0..<5 { inverse &*= 2 &- factor &* inverse }
    return inverse
  }()

  /// - Parameter pages: a power of two, at least 16.
  init(pages: UInt64) { mask = pages - 1 }

  func frame(of index: UInt64) -> UInt64 { (index &* Self.factor) & mask }
  func index(of frame: UInt64) -> UInt64 { (frame &* Self.inverse) & mask }
}
