// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// How a verb's result is printed.
package enum OutputForm: Equatable, Sendable {
  case people(legend: Bool)
  case json
  case ids
}

/// What a verb has to say, in every form.
package struct Report {
  /// For people.
  package enum Body {
    case sentence(String)
    case lines([String])
    case fields([(name: String, value: String)])
    case drawing([(name: String, value: String)], picture: (Style) -> [String])
    case table(Table, picture: (Style) -> [String] = { _ in [] })
    /// A table, which is left out when it is empty, and what to conclude from it.
    case findings(Table, String)
  }

  /// What the verb made or lists, one per line; empty for verbs that only change something.
  private let ids: [String]
  /// A JSON object.
  private let json: () -> String
  private let body: Body

  /// - Parameter members: all of the result, for programs.
  package init(_ members: some Members, ids: [String] = [], _ body: Body) {
    self.ids = ids
    self.body = body
    json = { JSONOutput.text(of: members) }
  }

  /// The lines to print.
  package func lines(_ form: OutputForm, style: Style) -> [String] {
    switch form {
    case .ids: ids
    case .json: [JSONOutput.versioned(json())]
    case .people(let legend): lines(legend: legend, style)
    }
  }

  private static func lines(of fields: [(name: String, value: String)], _ style: Style) -> [String] {
    let width = fields.map(\.name.count).max() ?? 0
    return fields.map { name, value in
      String(repeating: " ", count: width - name.count) + style.heading(name) + ": " + printable(value)
    }
  }

  private func lines(legend: Bool, _ style: Style) -> [String] {
    switch body {
    case .sentence(let text):
      return [printable(text)]
    case .lines(let lines):
      return lines.map(printable)
    case .fields(let fields):
      return Self.lines(of: fields, style)
    case .drawing(let fields, let picture):
      let drawing = legend ? picture(style) : []
      return Self.lines(of: fields, style) + (drawing.isEmpty ? [] : [""] + drawing)
    case .table(let table, let picture):
      let lines = table.lines(legend: legend, style: style)
      let drawing = legend ? picture(style) : []
      return drawing.isEmpty ? lines : lines + [""] + drawing
    case .findings(let table, let conclusion):
      let lines = table.rows.isEmpty ? [] : table.lines(legend: legend, style: style)
      return lines + [printable(conclusion)]
    }
  }
}
