// SPDX-License-Identifier: Apache-2.0

import IommuCore

/// What happened at the engine's borders since the last labelled step.
struct Counts: Equatable {
  var pinCalls: UInt64 = 0
  var pagesPinned: UInt64 = 0
  /// An unpin names a range of indexes, whatever its frames: one for each call.
  var unpinRuns: UInt64 = 0
  var pagesUnpinned: UInt64 = 0
  var mapRuns: UInt64 = 0
  var pagesMapped: UInt64 = 0
  var unmapCalls: UInt64 = 0
  var pagesUnmapped: UInt64 = 0
  var readbackCalls: UInt64 = 0
  var pagesReadback: UInt64 = 0
}

/// A countdown to a failure that is asked for: the Nth call from now, once.
struct Countdown {
  private var left: UInt64 = 0

  mutating func start(_ calls: UInt64) { left = calls }

  /// Whether this call fails.
  mutating func step() -> Bool {
    guard left > 0 else { return false }
    left -= 1
    return left == 0
  }
}

/// Counts and failures that a run's origins, domains and account share. The lab has one thread.
///
/// Plain memory behind a constant pointer: fields of a class would cost more than what is measured.
@safe
final class Bench: @unchecked Sendable {
  @safe
  struct State {
    var counts = Counts()
    var pinned: UInt64 = 0
    var pinFailure = Countdown()
    var mapFailure = Countdown()
    var chargeFailure = Countdown()
    /// Maps of single pages.
    var charged: UInt64 = 0
  }

  private let storage: UnsafeMutablePointer<State>

  init() {
    unsafe storage = .allocate(capacity: 1)
    unsafe storage.initialize(to: State())
  }

  deinit { unsafe storage.deallocate() }

  @inline(__always)
  var state: State {
    unsafeAddress { unsafe UnsafePointer(storage) }
    unsafeMutableAddress { unsafe storage }
  }
}
