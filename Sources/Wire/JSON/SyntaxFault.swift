// SPDX-License-Identifier: Apache-2.0

/// Why a text is not the JSON that is taken here.
struct SyntaxFault {
  enum Kind {
    case unexpected, unfinished, trailing, depth, duplicate, control, escape, surrogate, encoding, number
    case size, long
  }

  var kind: Kind
  /// Bytes before the fault.
  var position: Int

  init(_ kind: Kind, at position: Int) {
    self.kind = kind
    self.position = position
  }

  var failure: Failure {
    let what =
      switch kind {
      case .unexpected: "a character that JSON does not have there"
      case .unfinished: "the text ends too early"
      case .trailing: "more text after the value"
      case .depth: "more than \(WireLimit.depth) objects and arrays inside each other"
      case .duplicate: "an object ends that names a member twice"
      case .control: "a control character in a string"
      case .escape: "an escape that JSON does not have"
      case .surrogate: "half of a surrogate pair"
      case .encoding: "bytes that are not UTF-8"
      case .number: "a number that JSON does not have"
      case .size: "a text of more than 1 GiB"
      case .long: "more values than are read at once"
      }
    return .parse("not valid JSON at byte \(position): \(what)")
  }
}
