// SPDX-License-Identifier: Apache-2.0

/// A JSON value to be sent, with numbers as they are written.
indirect enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case list([JSON])
  case object([Member])

  struct Member: Hashable, Sendable {
    var name: String
    var value: JSON
  }

  static func number(_ value: UInt64) -> JSON { .number(String(value)) }

  /// Strings have to do without what JSON escapes.
  var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let value): value
    case .string(let value): "\"\(value)\""
    case .list(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { "\"\($0.name)\":\($0.value.text)" }.joined(separator: ",") + "}"
    }
  }
}
