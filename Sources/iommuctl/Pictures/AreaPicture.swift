// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Draws an address space between the first and the last thing in it: areas and what is reserved to scale, and what is
/// too long cut short.
package struct AreaPicture {
  private enum Kind { case area, reserved, hole }

  /// A stretch of addresses, in bytes of the picture's scale.
  private struct Stretch {
    var kind: Kind
    var isCut: Bool
    var start: Double
    var end: Double
  }

  private let items: [(range: IOVARange, kind: Kind)]

  /// - Parameters:
  ///   - areas: by address, not overlapping.
  ///   - reserved: the same, and not overlapping areas.
  package init(_ areas: [IOVARange], reserved: [IOVARange] = []) {
    let all = areas.map { ($0, Kind.area) } + reserved.map { ($0, Kind.reserved) }
    items = all.sorted { $0.0.first < $1.0.first }
  }

  /// Nothing without areas and reserved ranges. O(columns + items).
  package func lines(_ style: Style) -> [String] {
    guard let first = items.first, let last = items.last else { return [] }
    let columns = style.width - 2
    let stretches = stretches()
    let scale = (stretches.last?.end ?? 1) / Double(columns)
    let edge = style.unicode ? "│" : "|"
    var next = 0
    var line = ""
    for column in 0..<columns {
      let (start, end) = (Double(column) * scale, Double(column + 1) * scale)
      while next < stretches.count - 1, stretches[next].end <= start { next += 1 }
      line += text(stretches[next...], start, end, style)
    }
    let bounds = ends("\(first.range.first)", "\(last.range.last)", width: style.width)
    return [edge + line + edge, bounds, legend(stretches, style)]
  }

  private func legend(_ stretches: [Stretch], _ style: Style) -> String {
    var words: [String] = []
    if items.contains(where: { $0.kind == .area }) {
      words.append(Cell.all.text(unicode: style.unicode) + " mapped")
      words.append(Cell.some.text(unicode: style.unicode) + " in part")
    }
    if items.contains(where: { $0.kind == .reserved }) {
      let isCut = stretches.contains { $0.kind == .reserved && $0.isCut }
      words.append(Self.reserved(style) + (isCut ? " reserved, cut short" : " reserved"))
    }
    if stretches.contains(where: { $0.kind == .hole && $0.isCut }) {
      words.append(Self.cut(style) + " a hole too long to draw")
    }
    return words.joined(separator: "  ")
  }

  private static func reserved(_ style: Style) -> String { style.unicode ? "░" : "x" }
  private static func cut(_ style: Style) -> String { style.unicode ? "┄" : "~" }

  /// Items and holes one after the other. What is no area is drawn as at most half of an average area.
  private func stretches() -> [Stretch] {
    let areas = items.filter { $0.kind == .area }
    let mapped = areas.reduce(0) { $0 + Self.bytes($1.range) }
    // Without areas reserved ranges give the scale, and holes are half of an average one.
    let average =
      areas.isEmpty
      ? items.reduce(0) { $0 + Self.bytes($1.range) } / Double(items.count) : mapped / Double(areas.count)
    let longest = max(average / 2, 1)
    var result: [Stretch] = []
    var position = 0.0
    var previous: IOVA?
    func add(_ kind: Kind, _ length: Double, atMost limit: Double) {
      let drawn = min(length, limit)
      result.append(
        Stretch(kind: kind, isCut: length > limit, start: position, end: position + drawn))
      position += drawn
    }
    for item in items {
      if let previous, item.range.first.rawValue - previous.rawValue > 1 {
        add(.hole, Double(item.range.first.rawValue - previous.rawValue - 1), atMost: longest)
      }
      let isWhole = item.kind == .area || areas.isEmpty
      add(item.kind, Self.bytes(item.range), atMost: isWhole ? .infinity : longest)
      previous = item.range.last
    }
    return result
  }

  private static func bytes(_ range: IOVARange) -> Double {
    Double(range.last.rawValue - range.first.rawValue) + 1
  }

  private func text(
    _ stretches: ArraySlice<Stretch>, _ start: Double, _ end: Double, _ style: Style
  ) -> String {
    var mapped = 0.0
    var isCut = false
    var isReserved = false
    for stretch in stretches {
      if stretch.start >= end { break }
      let share = min(stretch.end, end) - max(stretch.start, start)
      switch stretch.kind {
      case .area: mapped += share
      case .reserved: isReserved = true
      case .hole: isCut = isCut || stretch.isCut
      }
    }
    // Sums of what is cut at columns are not exact.
    if mapped > 0 {
      return (mapped > (end - start) * 0.999 ? Cell.all : Cell.some).text(unicode: style.unicode)
    }
    if isReserved { return Self.reserved(style) }
    return isCut ? Self.cut(style) : Cell.none.text(unicode: style.unicode)
  }
}
