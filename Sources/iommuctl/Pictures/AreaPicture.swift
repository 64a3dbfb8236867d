// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Draws what is mapped between the first and the last area: areas to scale, long holes cut short.
package struct AreaPicture {
  /// A stretch of addresses, in bytes of the picture's scale.
  private struct Stretch {
    enum Kind { case area, hole, cutHole }
    var kind: Kind
    var start: Double
    var end: Double
  }

  private let areas: [IOVARange]

  /// - Parameter areas: by address, not overlapping.
  package init(_ areas: [IOVARange]) { self.areas = areas }

  /// Nothing without areas. O(columns + areas).
  package func lines(_ style: Style) -> [String] {
    guard let first = areas.first, let last = areas.last else { return [] }
    let columns = style.width - 2
    let stretches = stretches()
    let scale = (stretches.last?.end ?? 1) / Double(columns)
    let edge = style.unicode ? "│" : "|"
    let hole = style.unicode ? "┄" : "~"
    var next = 0
    var line = ""
    for column in 0..<columns {
      let (start, end) = (Double(column) * scale, Double(column + 1) * scale)
      while next < stretches.count - 1, stretches[next].end <= start { next += 1 }
      line += text(stretches[next...], start, end, style, hole: hole)
    }
    let isCut = stretches.contains { $0.kind == .cutHole }
    let (all, some) = (Cell.all.text(unicode: style.unicode), Cell.some.text(unicode: style.unicode))
    let legend = "\(all) mapped  \(some) in part" + (isCut ? "  \(hole) a hole too long to draw" : "")
    return [
      edge + line + edge, ends("\(first.first)", "\(last.last)", width: style.width), legend,
    ]
  }

  /// Areas and holes one after the other. A hole is drawn as at most half of an average area.
  private func stretches() -> [Stretch] {
    let mapped = areas.reduce(0) { $0 + Self.bytes($1.first, $1.last) }
    let longest = max(mapped / Double(areas.count) / 2, 1)
    var result: [Stretch] = []
    var position = 0.0
    var previous: IOVA?
    func add(_ kind: Stretch.Kind, _ length: Double) {
      result.append(Stretch(kind: kind, start: position, end: position + length))
      position += length
    }
    for area in areas {
      if let previous, area.first.rawValue - previous.rawValue > 1 {
        let length = Double(area.first.rawValue - previous.rawValue - 1)
        add(length > longest ? .cutHole : .hole, min(length, longest))
      }
      add(.area, Self.bytes(area.first, area.last))
      previous = area.last
    }
    return result
  }

  private static func bytes(_ first: IOVA, _ last: IOVA) -> Double {
    Double(last.rawValue - first.rawValue) + 1
  }

  private func text(
    _ stretches: ArraySlice<Stretch>, _ start: Double, _ end: Double, _ style: Style, hole: String
  ) -> String {
    var mapped = 0.0
    var cut = false
    for stretch in stretches {
      if stretch.start >= end { break }
      let share = min(stretch.end, end) - max(stretch.start, start)
      switch stretch.kind {
      case .area: mapped += share
      case .cutHole: cut = true
      case .hole: break
      }
    }
    if mapped <= 0 { return cut ? hole : Cell.none.text(unicode: style.unicode) }
    // Sums of what is cut at columns are not exact.
    return (mapped > (end - start) * 0.999 ? Cell.all : Cell.some).text(unicode: style.unicode)
  }
}
