// SPDX-License-Identifier: Apache-2.0

/// What a request calls itself, to be found in its answer.
public enum RequestID: Hashable, Sendable {
  case number(UInt64)
  /// The magnitude of an integer below 0.
  case negative(UInt64)
  case string(String)

  /// The id at a token: an integer that fits 64 bits, or a string of at most ``WireLimit/tokenBytes``.
  static func read(_ reader: Reader, at index: Int) -> RequestID? {
    if reader.isKind(.number, at: index) {
      if let value = reader.unsigned(at: index) { return .number(value) }
      return reader.magnitude(at: index).map { $0 == 0 ? .number(0) : .negative($0) }
    }
    guard let text = reader.string(at: index), text.utf8.count <= WireLimit.tokenBytes else { return nil }
    return .string(text)
  }

  func write(to writer: inout Writer) {
    switch self {
    case .number(let value):
      writer.number(value)
    case .negative(let magnitude):
      writer.verbatim("-")
      writer.number(magnitude)
    case .string(let text):
      writer.string(text)
    }
  }
}

extension Reader {
  /// What follows the minus of a negative integer, or nil when there is something else.
  fileprivate func magnitude(at index: Int) -> UInt64? {
    let text = text(at: index)
    guard text.utf8.first == UInt8(ascii: "-"), let value = Int64(text) else { return nil }
    return value.magnitude
  }
}
