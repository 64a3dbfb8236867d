// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// How a copy by the CPU reaches memory.
package enum CopyPath: Sendable {
  /// Straight to the origin's bytes. The quick one, and right for every origin whose bytes its owner and its
  /// frames share.
  case origin
  /// By the frames that a domain would see, read from the tiers like a domain's own; what nobody holds is pinned in
  /// passing.
  case frames
}

extension Pages {
  /// Walks bytes `offset`..<`offset + length` of the object by their frames and hands the origin's bytes behind them
  /// to `copy`, in order, in pieces that follow each other there. The caller holds the lock.
  ///
  /// What nobody holds is pinned until the walk ends, and is not charged. O(runs), where the origin answers runs too.
  /// - Throws: what pinning refuses and what `copy` throws; all passing pins are gone then.
  func copyByFrames(
    _ offset: UInt64, _ length: UInt64, batchLimit: Int,
    _ copy: (_ originOffset: UInt64, _ done: UInt64, _ count: UInt64) throws(Refusal) -> Void
  ) throws(Refusal) {
    let range = IndexRange(offset >> Page.shift, through: (offset + (length - 1)) >> Page.shift)
    var reader = PageReader(self, range, limit: batchLimit)
    defer { reader.release() }
    var batch = RunBatch(limit: batchLimit)
    var done: UInt64 = 0
    while !reader.isFinished {
      batch.removeAll()
      try reader.fill(&batch)
      for position in 0..<batch.count {
        var run = batch[position]
        while run.count > 0 {
          guard let (index, pages) = origin.indexes(of: run) else {
            throw .origin(.efault, index: PageIndex((offset + done) >> Page.shift))
          }
          let skew = (offset + done) & Page.offsetMask
          let count = min(pages << Page.shift - skew, length - done)
          try copy(index.rawValue << Page.shift + skew, done, count)
          done += count
          run = FrameRun(pfn: run.pfn.advanced(by: pages), count: run.count - pages)
        }
      }
    }
  }
}
