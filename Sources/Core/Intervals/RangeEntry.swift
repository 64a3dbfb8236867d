// SPDX-License-Identifier: Apache-2.0

/// What a ``RangeTree`` holds: an inclusive range of 64-bit numbers (IOVAs or page indexes) and a word that its
/// user gives a meaning.
package struct RangeEntry: Hashable, Comparable, BitwiseCopyable, Sendable {
  package var first: UInt64
  /// Inclusive.
  package var last: UInt64
  package var payload: UInt64

  @inline(__always)
  package init(first: UInt64, last: UInt64, payload: UInt64) {
    assert(first <= last)
    self.first = first
    self.last = last
    self.payload = payload
  }

  /// By `first`, then `last`, then `payload`: a total order, so that equal ranges may stand side by side.
  @inline(__always)
  package static func < (a: RangeEntry, b: RangeEntry) -> Bool {
    if a.first != b.first { return a.first < b.first }
    if a.last != b.last { return a.last < b.last }
    return a.payload < b.payload
  }
}
