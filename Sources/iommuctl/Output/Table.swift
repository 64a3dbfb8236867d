// SPDX-License-Identifier: Apache-2.0

/// Rows in aligned columns, as they are printed for people and for awk.
package struct Table: Equatable {
  package enum Alignment: Sendable { case left, right }

  package struct Column: Equatable, Sendable {
    package var heading: String
    package var alignment: Alignment

    package static func left(_ heading: String) -> Column { Column(heading: heading, alignment: .left) }
    package static func right(_ heading: String) -> Column { Column(heading: heading, alignment: .right) }
  }

  package var columns: [Column]
  package private(set) var rows: [[String]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with one cell for each column. An empty cell is printed as `-`, so that columns can be
  /// counted by programs too.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count)
    rows.append(cells.map { $0.isEmpty ? "-" : printable($0) })
  }

  /// The lines, without spaces at their ends.
  package func lines(legend: Bool = true, style: Style = .plain) -> [String] {
    var widths = columns.map { legend ? $0.heading.count : 0 }
    for row in rows {
      for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
    }
    let headings = legend ? [style.heading(line(columns.map(\.heading), widths))] : []
    return headings + rows.map { line($0, widths) }
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (column, cell) in cells.enumerated() {
      let space = String(repeating: " ", count: widths[column] - cell.count)
      switch columns[column].alignment {
      case .left: line += cell + (column + 1 < cells.count ? space : "")
      case .right: line += space + cell
      }
      if column + 1 < cells.count { line += "  " }
    }
    return line
  }
}

/// `text` with control characters spelled out: names come from other people, and must not drive the terminal.
package func printable(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  return text.unicodeScalars.reduce(into: "") { result, scalar in
    result += isControl(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
  }
}

/// C0, DEL, C1, and the marks that turn the direction of text.
private func isControl(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
  default: false
  }
}
