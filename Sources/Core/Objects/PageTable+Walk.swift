// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension PageTable {
  /// IOVAs that lead to consecutive frames of one pages object, through leaves of one size.
  package struct Run: Sendable {
    package var range: IOVARange
    package var pageSize: UInt64
    package var protection: Protection
    /// Bus address of the first byte.
    package var address: UInt64
    package var pages: Pages
    /// Byte of the origin.
    package var offset: UInt64
  }

  /// What the table translates in `range`, in order; what it does not is left out. At most `limit` runs and
  /// `leafLimit` leaves are looked at.
  ///
  /// O(leaves in the range, log areas for each area).
  /// - Returns: the runs, and where to go on, nil at the end.
  /// - Throws: ``Refusal/contended`` when `tryOnly` is asked for more than ``Quick`` allows.
  package func runs(
    in range: IOVARange, limit: Int, leafLimit: Int = 1 << 20, _ waiting: Waiting = .wait
  ) throws(Refusal) -> (runs: [Run], next: IOVA?) {
    if waiting == .tryOnly, range.last.rawValue - range.first.rawValue >= Quick.pages << Page.shift {
      throw .contended
    }
    var walk = Walk(limit: limit, leaves: leafLimit)
    var area = space.area(at: range.first) ?? space.areas(after: range.first, limit: 1).first
    while let here = area, let part = here.range.intersection(range) {
      if let stop = walk.take(part, of: here, in: domain) { return (walk.runs, stop) }
      if part.last == range.last { break }
      area = space.areas(after: here.range.first, limit: 1).first
    }
    return (walk.runs, nil)
  }

  private struct Walk {
    var runs: [Run] = []
    let limit: Int
    var leaves: Int

    init(limit: Int, leaves: Int) {
      self.limit = limit
      self.leaves = leaves
    }

    /// Appends the runs of `part`; answers where it stopped if that is before the end.
    mutating func take(_ part: IOVARange, of area: AreaInfo, in domain: any Domain) -> IOVA? {
      var position = part.first
      // The area may be going just now: what is not translated any more ends the look at it.
      while true {
        guard leaves > 0 else { return position }
        let rest = min(part.last.rawValue - position.rawValue, UInt64(leaves) << Page.shift - 1) + 1
        guard let (start, found) = domain.stretch(from: position, limit: rest) else { return nil }
        let bytes = area.pages.origin.bytes(behind: start.address, limit: found)
        // What leads to none of the origin's frames is passed over.
        let length = bytes?.count ?? min(found, Page.size - start.address & Page.offsetMask)
        leaves -= Int(truncatingIfNeeded: (length - 1) / start.pageSize + 1)
        let last = IOVA(position.rawValue + (length - 1))
        if let bytes, !append(start, IOVARange(position, through: last), area, bytes.offset) {
          return position
        }
        guard last < part.last else { return nil }
        position = IOVA(last.rawValue + 1)
      }
    }

    private mutating func append(
      _ leaf: Translation, _ range: IOVARange, _ area: AreaInfo, _ offset: UInt64
    ) -> Bool {
      if let last = runs.last, last.pages === area.pages, last.pageSize == leaf.pageSize,
        last.protection == leaf.protection, last.range.last.rawValue + 1 == range.first.rawValue,
        last.address + (range.first.rawValue - last.range.first.rawValue) == leaf.address,
        last.offset + (range.first.rawValue - last.range.first.rawValue) == offset
      {
        runs[runs.count - 1].range.last = range.last
        return true
      }
      guard runs.count < limit else { return false }
      runs.append(
        Run(
          range: range, pageSize: leaf.pageSize, protection: leaf.protection, address: leaf.address,
          pages: area.pages, offset: offset))
      return true
    }
  }
}
