// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// An origin of the lab: it also says what it would answer.
protocol LabOrigin: Origin {
  /// What byte `offset` reads as, nil when that is not fixed.
  func byte(at offset: UInt64) -> UInt8?
}

/// How frames lie in memory.
enum FrameLayout: String, CaseIterable {
  /// Frames rise with the index.
  case contig
  /// Runs of 16 frames that lie anywhere.
  case run16
  /// No two neighbours adjacent.
  case scattered
  /// A real memfd and the machine's own frames.
  case physical
}

/// Memory that only exists as frame numbers and a pattern of bytes.
///
/// Frames are worked out from the index by a multiplication that permutes the numbers below a power of two, so an
/// origin of any size takes no memory and pinning costs the same everywhere.
final class SyntheticOrigin: LabOrigin {
  private let pages: UInt64
  private let base: UInt64
  /// Base-2 logarithm of the frames that stay together; nil when all do.
  private let runShift: UInt64?
  private let mask: UInt64
  private let factor: UInt64
  private let inverse: UInt64

  /// - Parameters:
  ///   - pages: 1 to 2^31.
  ///   - number: which origin of the run this is: each has 2^33 frames of its own.
  init(pages: UInt64, layout: FrameLayout, number: UInt64) {
    self.pages = pages
    base = (number + 1) << 33
    runShift =
      switch layout {
      case .contig, .physical: nil
      case .run16: 4
      case .scattered: 0
      }
    let units = (pages - 1) >> (runShift ?? 0) + 1
    // At least 16, where the factor below is 13: neighbours do not stay neighbours.
    let bits = max(4, UInt64(64 - (units - 1).leadingZeroBitCount))
    mask = 1 << bits - 1
    factor = 0x9e37_79b9_7f4a_7c1d
    // Newton's iteration doubles the bits that are right.
    var inverse = factor
    for _ in 0..<5 { inverse &*= 2 &- factor &* inverse }
    self.inverse = inverse
  }

  var size: UInt64 { pages << Page.shift }

  @inline(__always)
  private func pfn(_ index: UInt64) -> UInt64 {
    guard let runShift else { return base + index }
    let unit = (index >> runShift &* factor) & mask
    return base + unit << runShift + index & (1 << runShift - 1)
  }

  func index(of pfn: PFN) -> PageIndex? {
    guard pfn.rawValue >= base else { return nil }
    var index = pfn.rawValue - base
    if let runShift {
      guard index >> runShift <= mask else { return nil }
      let unit = (index >> runShift &* inverse) & mask
      index = unit << runShift + index & (1 << runShift - 1)
    }
    return index < pages ? PageIndex(index) : nil
  }

  func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? {
    guard let first = index(of: run.pfn) else { return nil }
    var count = min(run.count, pages - first.rawValue)
    if let runShift { count = min(count, 1 << runShift - first.rawValue & (1 << runShift - 1)) }
    return (first, count)
  }

  func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    var index = range.first.rawValue
    while index <= range.last.rawValue {
      var count = range.last.rawValue - index + 1
      if let runShift { count = min(count, 1 << runShift - index & (1 << runShift - 1)) }
      guard batch.append(FrameRun(pfn: PFN(pfn(index)), count: count)) else { break }
      index += count
    }
    return index - range.first.rawValue
  }

  func unpin(_ range: IndexRange, for holder: PinHolder) {}

  func byte(at offset: UInt64) -> UInt8? { Self.pattern(offset) }

  private static func pattern(_ offset: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: (offset &* 0x9e37_79b9_7f4a_7c15) >> 56)
  }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    for position in 0..<buffer.count { unsafe buffer[position] = Self.pattern(offset + UInt64(position)) }
  }

  /// Takes only the pattern, so that bytes which arrive at the wrong place are noticed.
  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    for position in 0..<buffer.count {
      let byte = offset + UInt64(position)
      guard unsafe buffer[position] == Self.pattern(byte) else {
        throw .origin(.eio, index: PageIndex(byte >> Page.shift))
      }
    }
  }
}
