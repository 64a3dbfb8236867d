// SPDX-License-Identifier: Apache-2.0

/// How much of what a column of a picture stands for is there.
enum Cell {
  case none, some, all

  func text(unicode: Bool) -> String {
    switch self {
    case .none: unicode ? "·" : "."
    case .some: unicode ? "▒" : "+"
    case .all: unicode ? "█" : "#"
    }
  }
}

/// A left and a right text as the ends of a line of `width` columns.
func ends(_ left: String, _ right: String, width: Int) -> String {
  guard !right.isEmpty, left.count + right.count < width else { return left }
  return left + String(repeating: " ", count: width - left.count - right.count) + right
}
