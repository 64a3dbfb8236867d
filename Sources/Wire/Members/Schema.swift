// SPDX-License-Identifier: Apache-2.0

extension Shape {
  /// JSON Schema of the shape, on one line.
  ///
  /// - Parameter closed: whether objects refuse members that are not described, as parameters do; results
  ///   may grow.
  package func schema(closed: Bool) -> String {
    var writer = Writer()
    write(to: &writer, text: nil, closed: closed)
    return writer.text
  }

  private func write(to writer: inout Writer, text: String?, closed: Bool) {
    writer.open("{")
    switch self {
    case .boolean:
      writer.type("boolean")
    case .integer(let maximum):
      writer.type("integer")
      writer.name("minimum")
      writer.number(0)
      writer.name("maximum")
      writer.number(maximum)
    case .address:
      writer.name("type")
      writer.verbatim(closed ? "[\"integer\",\"string\"]" : "\"string\"")
      writer.name("pattern")
      writer.verbatim("\"^0x[0-9a-fA-F]{1,16}$\"")
    case .string:
      writer.type("string")
    case .base64:
      writer.type("string")
      writer.name("contentEncoding")
      writer.verbatim("\"base64\"")
    case .json:
      break
    case .list(let element):
      writer.type("array")
      writer.name("items")
      element.write(to: &writer, text: nil, closed: closed)
    case .choice(let values):
      writer.name("enum")
      values.write(to: &writer)
    case .object(let object) where object.variants.isEmpty:
      Shape.write(object.members, to: &writer, closed: closed)
    case .object(let object):
      writer.name("oneOf")
      writer.open("[")
      for variant in object.variants {
        writer.element()
        writer.open("{")
        Shape.write(object.members + variant, to: &writer, closed: closed)
        writer.close("}")
      }
      writer.close("]")
    }
    if let text {
      writer.name("description")
      writer.string(text)
    }
    writer.close("}")
  }

  private static func write(_ members: [Member], to writer: inout Writer, closed: Bool) {
    writer.type("object")
    writer.name("properties")
    writer.open("{")
    for member in members {
      writer.element()
      writer.string(member.name)
      writer.verbatim(":")
      member.shape.write(to: &writer, text: member.text, closed: closed)
    }
    writer.close("}")
    let required = members.filter { $0.isRequired }.map { $0.name }
    if !required.isEmpty {
      writer.name("required")
      required.write(to: &writer)
    }
    if closed {
      writer.name("additionalProperties")
      writer.verbatim("false")
    }
  }
}

extension Writer {
  fileprivate mutating func type(_ name: StaticString) {
    self.name("type")
    string(name)
  }
}

extension ServerMethods.Item {
  /// The description of `method`, which callers of `role` may call.
  package init<M: Method>(describing method: M.Type, role: Role) {
    self.init()
    name = M.name.description
    summary = M.summary.description
    self.role = role
    parameters = JSONText(M.shape.schema(closed: true))
    result = JSONText(M.Result.shape.schema(closed: false))
    errors = M.errors.map { $0.description }
    takesKey = M.takesKey
  }
}
