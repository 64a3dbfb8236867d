// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// One line of a script. Lengths are pages where they are not said to be bytes; names were checked by the parser.
enum Step {
  enum Format: String, CaseIterable { case flat, vtd, null }
  enum Failure: String, CaseIterable { case pin, map, charge }

  case ioas(String)
  case origin(String, pages: UInt64)
  case domain(ioas: String, name: String, Format)
  case undomain(ioas: String, name: String)
  case map(ioas: String, IOVA, origin: String, start: UInt64, pages: UInt64, readOnly: Bool)
  case unmap(ioas: String, IOVA, pages: UInt64)
  case copy(from: String, IOVA, pages: UInt64, to: String, IOVA)
  case pin(ioas: String, IOVA, pages: UInt64)
  case unpin(ioas: String, IOVA, pages: UInt64)
  case read(ioas: String, IOVA, bytes: UInt64)
  case write(ioas: String, IOVA, bytes: UInt64)
  case mapMany(ioas: String, Series, origin: String, start: UInt64)
  case unmapMany(ioas: String, Series)
  case alloc(ioas: String, origin: String, pages: UInt64, count: UInt64)
  case free(ioas: String)
  case hugePages(ioas: String, Bool)
  case unpinOnUnmap
  case fail(Failure, after: UInt64)
  case check

  /// `count` places of `pages` each, `stride` bytes apart.
  struct Series {
    var iova: IOVA
    var stride: UInt64
    var pages: UInt64
    var count: UInt64
    var shuffle: Bool

    /// The positions 0..<count in the order in which they are used.
    var order: [UInt64] {
      var order = Array(0..<count)
      var random = Shuffler(state: count)
      if shuffle { order.shuffle(using: &random) }
      return order
    }

    func place(_ position: UInt64) -> IOVA { IOVA(iova.rawValue &+ position &* stride) }
  }
}

/// The same order in every run (SplitMix64, Steele, Lea and Flood 2014).
private struct Shuffler: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// A step with its place in the script.
struct Line {
  var number: Int
  /// The step as it was written.
  var text: String
  /// Counts are printed after a step with a label.
  var label: String?
  var step: Step
}

/// What is wrong with a script or with the lab itself, which ends the run.
struct LabError: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
