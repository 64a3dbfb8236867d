// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What devices have written through a table.
extension PageTable {
  /// Begins to note what devices write, with nothing noted, or ends and forgets. O(runs noted).
  ///
  /// - Throws: ``Refusal/cannotTrack`` where the table was made without, `contended`.
  package func setTracking(_ isTracking: Bool, _ waiting: Waiting = .wait) throws(Refusal) {
    guard let log = domain.dirty else { throw .cannotTrack }
    if waiting == .tryOnly, log.count > Self.quickRuns { throw .contended }
    log.setTracking(isTracking)
  }

  /// Whether it notes what devices write now.
  package var isTracking: Bool { domain.dirty?.isOn ?? false }

  /// The written pages of `range` in pages of `pageSize` bytes, as runs in order; `limit` runs at most, which with
  /// `keep` stay noted and else do not. What is not mapped is not written.
  ///
  /// O(log runs) for each run of smallest pages that was written, whatever the size of `range`.
  /// - Returns: the runs, and where to go on, nil at the end.
  /// - Throws: ``Refusal/notTracking``, `misaligned`, `unsupported`, `contended`.
  package func dirtyRuns(
    in range: IOVARange, pageSize: UInt64, keep: Bool, limit: Int, _ waiting: Waiting = .wait
  ) throws(Refusal) -> (runs: [IOVARange], next: IOVA?) {
    let log = try self.log(for: range, pageSize: pageSize)
    if waiting == .tryOnly, log.count > Self.quickRuns { throw .contended }
    var runs = DirtyRuns(pageSize: pageSize)
    var position = range.first
    while true {
      // When there are enough runs, the last one's page is still looked at to its end.
      let isFull = runs.list.count >= limit
      guard let end = isFull ? runs.list.last?.last : range.last, position <= end else { break }
      let most = isFull ? Self.atOnce : min(Self.atOnce, limit - runs.list.count)
      let found = try log.take(from: IOVARange(position, through: end), limit: most, keep: keep)
      for run in found { runs.add(run) }
      guard found.count == most, let last = found.last, last.last < end else {
        if isFull { break }
        return (runs.list, nil)
      }
      position = IOVA(last.last.rawValue + 1)
    }
    guard let last = runs.list.last, last.last < range.last else { return (runs.list, nil) }
    return (runs.list, IOVA(last.last.rawValue + 1))
  }

  /// Runs of marks that are taken under one lock, and that a caller who must not wait looks at.
  private static var atOnce: Int { 1024 }
  private static var quickRuns: Int { 8192 }

  /// Whether it can answer for `range` in pages of `pageSize` bytes. Throws as
  /// ``dirtyRuns(in:pageSize:keep:limit:_:)``.
  package func checkDirty(_ range: IOVARange, pageSize: UInt64) throws(Refusal) {
    _ = try log(for: range, pageSize: pageSize)
  }

  /// The log of the table, when it can answer for `range`.
  func log(for range: IOVARange, pageSize: UInt64) throws(Refusal) -> DirtyLog {
    guard let log = domain.dirty else { throw .cannotTrack }
    guard pageSize >= Page.size, pageSize & (pageSize - 1) == 0 else {
      throw .unsupported(.bitmapPage, value: pageSize)
    }
    guard range.first.rawValue & (pageSize - 1) == 0 else {
      throw .misaligned(.iova, value: range.first.rawValue, alignment: pageSize)
    }
    guard ~range.last.rawValue & (pageSize - 1) == 0 else {
      let length = range.last.rawValue &- range.first.rawValue &+ 1
      throw .misaligned(.length, value: length, alignment: pageSize)
    }
    guard log.isOn else { throw .notTracking }
    return log
  }
}

/// Runs of marks, rounded to larger pages and joined.
struct DirtyRuns {
  private let mask: UInt64
  private(set) var list: [IOVARange] = []

  /// - Parameter pageSize: bytes; a power of two.
  init(pageSize: UInt64) { mask = pageSize - 1 }

  /// Appends a run behind all earlier ones.
  mutating func add(_ run: IOVARange) {
    let rounded = IOVARange(IOVA(run.first.rawValue & ~mask), through: IOVA(run.last.rawValue | mask))
    guard let last = list.last,
      rounded.first.rawValue <= last.last.rawValue || rounded.first.rawValue - 1 == last.last.rawValue
    else { return list.append(rounded) }
    list[list.count - 1].last = max(last.last, rounded.last)
  }
}
