// SPDX-License-Identifier: Apache-2.0

/// What a value looks like on the wire, for introspection and the reference.
public indirect enum Shape: Sendable {
  case boolean
  /// An unsigned integer up to a maximum.
  case integer(UInt64)
  /// An integer or a `0x` string; always a string in answers.
  case address
  case string
  /// A string with base64.
  case base64
  /// Any JSON.
  case json
  case list(Shape)
  case choice([String])
  case object(Object)

  /// A member of an object.
  public struct Member: Sendable {
    public var name: String
    public var shape: Shape
    public var isRequired: Bool
    public var text: String
  }

  /// Members, and then those of one of the variants.
  public struct Object: Sendable {
    public var members: [Member] = []
    /// Forms that exclude each other; empty when there is one only.
    public var variants: [[Member]] = []
  }
}

/// The walk that describes. It never throws.
struct Describer: Visitor {
  var object = Shape.Object()

  private mutating func add(_ name: StaticString, _ shape: Shape, _ required: Bool, _ text: StaticString) {
    object.members.append(
      Shape.Member(
        name: name.description, shape: shape, isRequired: required, text: text.description))
  }

  mutating func member<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)
  {
    add(name, T.shape, true, text)
  }

  mutating func option<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)
  {
    add(name, T.shape, false, text)
  }

  mutating func option<T: Value>(_ name: StaticString, _ value: inout T?, _ text: StaticString)
    throws(Failure)
  {
    add(name, T.shape, false, text)
  }

  mutating func oneOrMany<T: Members>(
    _ name: StaticString, _ list: inout [T], single: inout Bool, absent: Bool?, _ text: StaticString
  ) throws(Failure) {
    let element = T.objectShape
    object.variants.append(element.members)
    object.variants.append([
      Shape.Member(
        name: name.description, shape: .list(.object(element)), isRequired: true, text: text.description)
    ])
    if absent != nil { object.variants.append([]) }
  }

  mutating func kinds<K: Enumeration>(
    _ name: StaticString, _ kind: inout K, _ text: StaticString,
    members: (inout Describer, K) throws(Failure) -> Void
  ) throws(Failure) {
    for each in K.allCases {
      var variant = Describer()
      try members(&variant, each)
      let choice = Shape.Member(
        name: name.description, shape: .choice([each.rawValue]), isRequired: true, text: text.description)
      object.variants.append([choice] + variant.object.members)
    }
  }
}

extension Members {
  static var objectShape: Shape.Object {
    var describer = Describer()
    var value = Self()
    do throws(Failure) {
      try value.visit(&describer)
    } catch {
      assertionFailure("a walk threw on its own")
    }
    return describer.object
  }
}
