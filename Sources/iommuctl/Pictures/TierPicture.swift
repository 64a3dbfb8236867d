// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Draws which tier holds which pages of a pages object, and who pins them.
package struct TierPicture {
  package let spans: [PagesTiers.Span]
  package let count: UInt64

  /// - Parameters:
  ///   - spans: by page.
  ///   - count: pages of the object.
  package init(_ spans: [PagesTiers.Span], count: UInt64) {
    self.spans = spans
    self.count = count
  }

  private static let labels = 7

  /// Nothing when there are no pages. O(columns * spans).
  package func lines(_ style: Style) -> [String] {
    guard count > 0 else { return [] }
    let columns = columns(in: style.width - Self.labels - 2)
    let edge = style.unicode ? "│" : "|"
    func row(_ name: String, _ cell: (Int) -> String) -> String {
      let label = name + String(repeating: " ", count: Self.labels - name.count)
      return label + edge + (0..<columns).map(cell).joined() + edge
    }
    var lines = PagesTiers.Tier.allCases.map { tier in
      row(tier.rawValue) { cell($0, of: columns, tier).text(unicode: style.unicode) }
    }
    if spans.contains(where: { $0.accesses > 0 }) {
      lines.append(row("pins") { digit(pins($0, of: columns), style) })
    }
    let axis = ends("0", count > 1 ? String(count - 1) : "", width: columns)
    lines.append(String(repeating: " ", count: Self.labels + 1) + axis)
    lines.append(legend(columns, style))
    return lines
  }

  /// Columns to draw in: all of them, or as many as give each page the same number.
  private func columns(in width: Int) -> Int {
    guard let count = Int(exactly: count), count <= width else { return width }
    return width / count * count
  }

  /// Pages that column `column` of `columns` stands for. There are fewer than 2^52, so nothing overflows.
  private func pages(_ column: Int, of columns: Int) -> Range<UInt64> {
    let (column, columns) = (UInt64(column), UInt64(columns))
    let first = column * count / columns
    return first..<max((column + 1) * count / columns, first + 1)
  }

  private func cell(_ column: Int, of columns: Int, _ tier: PagesTiers.Tier) -> Cell {
    let pages = pages(column, of: columns)
    let held = spans.reduce(0) { $1.tier == tier ? $0 + $1.overlap(pages) : $0 }
    if held == 0 { return .none }
    return held == UInt64(pages.count) ? .all : .some
  }

  /// The most pins that any page of the column has.
  private func pins(_ column: Int, of columns: Int) -> UInt64 {
    let pages = pages(column, of: columns)
    return spans.reduce(0) { $1.overlap(pages) > 0 ? max($0, $1.accesses) : $0 }
  }

  private func digit(_ pins: UInt64, _ style: Style) -> String {
    switch pins {
    case 0: Cell.none.text(unicode: style.unicode)
    case 1...9: String(pins)
    default: "*"
    }
  }

  private func legend(_ columns: Int, _ style: Style) -> String {
    let (all, some) = (Cell.all.text(unicode: style.unicode), Cell.some.text(unicode: style.unicode))
    let scale =
      if count > UInt64(columns) {
        "a column is about \((count + UInt64(columns) / 2) / UInt64(columns)) pages of 4 KiB"
      } else if count < UInt64(columns) {
        "a page of 4 KiB is \(UInt64(columns) / count) columns"
      } else {
        "a column is a page of 4 KiB"
      }
    return "\(all) held there  \(some) in part  \(scale)"
  }
}

extension PagesTiers.Span {
  /// Pages of `pages` that it covers.
  fileprivate func overlap(_ pages: Range<UInt64>) -> UInt64 {
    let first = max(page, pages.lowerBound)
    let end = min(page + count, pages.upperBound)
    return first < end ? end - first : 0
  }
}
