// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// Counts in the text format of Prometheus, from the walk that also encodes and describes them.
///
/// What is held now is a gauge; what has happened since the start is a counter, whose name ends in `_total`.
package struct MetricsOutput: Visitor {
  private enum Part {
    case none, state, totals
  }

  package private(set) var lines: [String] = []
  private var part = Part.none
  /// Member whose own members are kinds of one metric.
  private var metric: String?

  /// The metrics of a `server.stats` answer.
  package init(_ stats: ServerStats.Result) throws(Failure) {
    var stats = stats
    try stats.visit(&self)
  }

  package mutating func member<T: Value>(
    _ name: StaticString, _ value: inout T, _ text: StaticString
  ) throws(Failure) {
    if let number = value as? UInt64 { return add(name.description, number, text.description) }
    guard var members = value as? any Members else { return }
    let before = (part, metric)
    switch (part, name.description) {
    case (.none, "state"): part = .state
    case (.none, "totals"): part = .totals
    case (.none, _): return
    case (_, let name):
      metric = name
      describe(name, text.description)
    }
    try members.visit(&self)
    (part, metric) = before
  }

  package mutating func option<T: Value>(
    _ name: StaticString, _ value: inout T, _ text: StaticString
  ) throws(Failure) {
    try member(name, &value, text)
  }

  package mutating func option<T: Value>(
    _ name: StaticString, _ value: inout T?, _ text: StaticString
  ) throws(Failure) {
    guard var present = value else { return }
    try member(name, &present, text)
  }

  /// Lists have no place in metrics.
  package mutating func oneOrMany<T: Members>(
    _ name: StaticString, _ list: inout [T], single: inout Bool, absent: Bool?, _ text: StaticString
  ) throws(Failure) {}

  package mutating func kinds<K: Enumeration>(
    _ name: StaticString, _ kind: inout K, _ text: StaticString,
    members: (inout MetricsOutput, K) throws(Failure) -> Void
  ) throws(Failure) {}

  private mutating func add(_ name: String, _ number: UInt64, _ text: String) {
    if let metric {
      lines.append("\(full(metric)){kind=\"\(name)\"} \(number)")
    } else {
      describe(name, text)
      lines.append("\(full(name)) \(number)")
    }
  }

  private mutating func describe(_ name: String, _ text: String) {
    lines.append("# HELP \(full(name)) \(text)")
    lines.append("# TYPE \(full(name)) \(isCounter(name) ? "counter" : "gauge")")
  }

  /// The longest gap does not count anything.
  private func isCounter(_ name: String) -> Bool { part == .totals && name != "loop_gap" }

  private func full(_ name: String) -> String { "iommud_\(name)\(isCounter(name) ? "_total" : "")" }
}
