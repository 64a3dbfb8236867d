// SPDX-License-Identifier: Apache-2.0

/// Prints what runs of one script have shown.
struct Report {
  private static let columns = [
    "label", "pin_calls", "pages_pinned", "unpin_runs", "pages_unpinned", "map_runs", "pages_mapped",
    "unmap_calls", "pages_unmapped", "readback_calls", "pages_readback", "pinned_after", "store_bytes",
    "engine_bytes",
  ]

  /// The first line of the output.
  static func header(timed: Bool) -> String {
    (columns + (timed ? ["best_ns", "median_ns"] : [])).joined(separator: "\t")
  }

  /// Rows and refusals in the order of the script: counts of the first run, times of all.
  ///
  /// - Parameter times: for each row its nanoseconds in every run; empty without timing.
  static func lines(_ run: Run, file: String, times: [[UInt64]]) -> [String] {
    var lines: [String] = []
    var refusals = run.refusals[...]
    for (position, row) in run.rows.enumerated() {
      while let refusal = refusals.first, refusal.before <= position {
        lines.append("\(file):\(refusal.line.number): \(refusal.errno): \(refusal.line.text)")
        refusals = refusals.dropFirst()
      }
      lines.append(self.line(row, times: times.isEmpty ? nil : times[position]))
    }
    for refusal in refusals {
      lines.append("\(file):\(refusal.line.number): \(refusal.errno): \(refusal.line.text)")
    }
    return lines
  }

  private static func line(_ row: Row, times: [UInt64]?) -> String {
    let counts = row.counts
    var cells = [row.label]
    cells += [
      counts.pinCalls, counts.pagesPinned, counts.unpinRuns, counts.pagesUnpinned, counts.mapRuns,
      counts.pagesMapped, counts.unmapCalls, counts.pagesUnmapped, counts.readbackCalls,
      counts.pagesReadback, row.pinnedAfter, row.storeBytes,
    ].map { "\($0)" }
    cells.append("\(row.engineBytes)")
    if let times {
      let sorted = times.sorted()
      cells += [sorted[0], sorted[sorted.count / 2]].map { "\($0)" }
    }
    return cells.joined(separator: "\t")
  }
}
