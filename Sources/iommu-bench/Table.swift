// SPDX-License-Identifier: Apache-2.0

/// The table of requests: one line each, numbers to the right.
struct Table {
  private var rows: [[String]] = [["", "request", "p50 us", "ratio", "p99 us", "requests/s", "ratio"]]

  mutating func add(_ group: String, _ name: String, _ samples: Samples, beside reference: Samples?) {
    let (p50, p99) = samples.percentiles
    rows.append([
      group, name, Self.decimal(p50, places: 1),
      reference.map { Self.decimal(p50 / $0.percentiles.p50, places: 2) } ?? "",
      Self.decimal(p99, places: 1), Self.decimal(samples.rate, places: 0),
      reference.map { Self.decimal(samples.rate / $0.rate, places: 2) } ?? "",
    ])
  }

  func print() {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return column < 2 ? row[column] + padding : padding + row[column]
      }
      Swift.print(cells.joined(separator: "  "))
    }
  }

  static func milliseconds(_ nanoseconds: UInt64) -> String {
    decimal(Double(nanoseconds) / 1e6, places: 1) + " ms"
  }

  static func mebibytes(_ bytes: UInt64) -> String { decimal(Double(bytes) / 1_048_576, places: 1) + " MiB" }

  /// `value`, at least 0, with `places` decimals, at most 3.
  static func decimal(_ value: Double, places: Int) -> String {
    guard value.isFinite, value < 1e15 else { return "-" }
    var scale = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = Int((value * Double(scale)).rounded())
    guard places > 0 else { return String(scaled) }
    let fraction = String(scaled % scale)
    return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
  }
}
