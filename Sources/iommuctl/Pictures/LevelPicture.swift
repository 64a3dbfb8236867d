// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Draws which addresses a page table maps, and by leaves of which size: a row for each size, mapped addresses to
/// scale, holes as one column.
package struct LevelPicture {
  /// Addresses that are mapped through leaves of one size.
  package struct Run {
    package var range: IOVARange
    package var pageSize: UInt64

    package init(range: IOVARange, pageSize: UInt64) {
      self.range = range
      self.pageSize = pageSize
    }

    fileprivate var bytes: Double { Double(range.last.rawValue - range.first.rawValue) + 1 }
  }

  private let runs: [Run]
  private let sizes: [UInt64]

  /// - Parameters:
  ///   - runs: by address, not overlapping.
  ///   - sizes: those that get a row, from the top down.
  package init(_ runs: [Run], sizes: [UInt64]) {
    self.runs = runs
    self.sizes = sizes
  }

  /// Width of the names of rows.
  private static let labels = 5

  /// What stands in one column.
  private enum Column {
    case hole
    /// Share of each size.
    case mapped([UInt64: Double])
  }

  /// O(columns + runs).
  package func lines(_ style: Style) -> [String] {
    guard let first = runs.first, let last = runs.last else { return ["nothing is mapped"] }
    let columns = columns(style.width - Self.labels - 2)
    let edge = style.unicode ? "│" : "|"
    let hole = style.unicode ? "┄" : "~"
    var lines: [String] = []
    for size in sizes {
      let name = "\(ByteSize(size))"
      let label = String(repeating: " ", count: max(Self.labels - 1 - name.count, 0)) + name + " "
      let cells = columns.map { column in
        switch column {
        case .hole: hole
        case .mapped(let shares): Self.cell(shares[size] ?? 0).text(unicode: style.unicode)
        }
      }
      lines.append(label + edge + cells.joined() + edge)
    }
    let margin = String(repeating: " ", count: Self.labels + 1)
    lines.append(margin + ends("\(first.range.first)", "\(last.range.last)", width: columns.count))
    let (all, some) = (Cell.all.text(unicode: style.unicode), Cell.some.text(unicode: style.unicode))
    lines.append("\(all) mapped by such leaves  \(some) in part  \(hole) not mapped")
    return lines
  }

  private static func cell(_ share: Double) -> Cell {
    // Sums of what is cut at columns are not exact.
    share <= 0 ? .none : share > 0.999 ? .all : .some
  }

  /// Every hole gets a column as long as at most a quarter of them are holes; the rest is shared by what is mapped.
  private func columns(_ width: Int) -> [Column] {
    let holes = zip(runs, runs.dropFirst()).count { $1.range.first.rawValue - $0.range.last.rawValue > 1 }
    let showsHoles = holes <= width / 4
    // What is mapped between two holes begins and ends with a column of its own.
    let drawn = showsHoles && holes > 0 ? width - 2 * holes - 1 : width
    let scale = runs.reduce(0) { $0 + $1.bytes } / Double(drawn)
    var columns: [Column] = []
    var shares: [UInt64: Double] = [:]
    var filled = 0.0
    func end() {
      columns.append(.mapped(shares.mapValues { $0 / filled }))
      (shares, filled) = ([:], 0)
    }
    var previous: IOVA?
    for run in runs {
      if showsHoles, let previous, run.range.first.rawValue - previous.rawValue > 1 {
        if filled > 0 { end() }
        columns.append(.hole)
      }
      var rest = run.bytes / scale
      while rest > 0.0001 {
        let part = min(rest, 1 - filled)
        shares[run.pageSize, default: 0] += part
        filled += part
        rest -= part
        if filled > 0.9999 { end() }
      }
      previous = run.range.last
    }
    if filled > 0 { end() }
    return columns
  }
}
