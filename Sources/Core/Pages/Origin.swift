// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Names the pages object on whose behalf an origin pins, so that indexes held through two pages objects
/// are pinned twice and released apart.
package struct PinHolder: Hashable, Sendable {
  package var rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Tier 3: where frames come from. One per file within a context, with a frame range of its own.
///
/// Indexes count the origin's pages from 0. All calls may come from any thread, several at a time.
/// The engine keeps the books: it pins an index of one holder once and unpins it once.
package protocol Origin: AnyObject, Sendable {
  /// Bytes that the origin holds; fixed when it was made.
  var size: UInt64 { get }

  /// Pins a prefix of `range` that is not empty and appends its frames, in index order, to `batch`.
  ///
  /// The prefix is short when the batch is full or where the origin likes; the caller asks again.
  /// - Returns: pages pinned, at least 1.
  /// - Throws: when nothing was pinned; nothing has changed then.
  func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64

  /// Takes back the pin of every index of `range`, each of which `holder` has pinned, by one or by several
  /// calls of ``pin(_:for:writable:into:)``. Never fails and registers nothing.
  func unpin(_ range: IndexRange, for holder: PinHolder)

  /// The index whose frame is `pfn`, or nil when the frame is none of this origin's.
  func index(of pfn: PFN) -> PageIndex?

  /// The indexes of a prefix of `run` that follow each other as its frames do: the first of them and how many, or nil
  /// when the first frame is none of this origin's. The prefix may be shorter than it could be.
  func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)?

  /// Whether ``pin(_:for:writable:into:)`` of these pages, few as they are, takes little time: nothing has to be made
  /// for them first.
  func isQuick(_ range: IndexRange) -> Bool

  /// Whether a copy may never end, since others decide about the memory: not for a thread that others wait for.
  var mayBlock: Bool { get }

  /// Copies bytes out of the origin, from byte `offset` on, which lies inside it with all of `buffer`.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal)

  /// Copies bytes into the origin, to byte `offset` on, which lies inside it with all of `buffer`.
  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal)
}

extension Origin {
  package func isQuick(_ range: IndexRange) -> Bool { true }
  package var mayBlock: Bool { false }

  /// The byte to which bus address `address` leads, and how many bytes, at most `limit`, follow each other here as
  /// their addresses do; nil when the frame is none of this origin's.
  func bytes(behind address: UInt64, limit: UInt64) -> (offset: UInt64, count: UInt64)? {
    let skew = address & Page.offsetMask
    let frames = FrameRun(pfn: PFN(address >> Page.shift), count: (skew + limit - 1) >> Page.shift + 1)
    guard let (index, pages) = indexes(of: frames) else { return nil }
    return (index.rawValue << Page.shift + skew, min(limit, pages << Page.shift - skew))
  }

  /// For origins that know their frames one by one. O(frames).
  package func indexes(of run: FrameRun) -> (first: PageIndex, count: UInt64)? {
    guard let first = index(of: run.pfn) else { return nil }
    var count: UInt64 = 1
    while count < run.count, let next = index(of: run.pfn.advanced(by: count)),
      next.rawValue == first.rawValue + count
    {
      count += 1
    }
    return (first, count)
  }
}

/// Who pays for pinned pages, and for the areas that show them.
package protocol PinAccount: AnyObject, Sendable {
  /// Charges `pages`, or throws ``Refusal/pinLimit(pages:used:limit:)`` and charges nothing. Any thread.
  func charge(pages: UInt64) throws(Refusal)
  /// Gives back `pages` that were charged. Any thread.
  func uncharge(pages: UInt64)

  /// Charges one area, or throws ``Refusal/areaLimit(used:limit:)`` and charges nothing. Any thread.
  func chargeArea() throws(Refusal)
  /// Gives back an area that was charged. Any thread.
  func unchargeArea()
}

/// Areas cost nothing unless somebody counts them.
extension PinAccount {
  package func chargeArea() throws(Refusal) {}
  package func unchargeArea() {}
}
