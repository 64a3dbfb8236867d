// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// One of the forms that a value may have: every choice between sets of members is made.
indirect enum Form {
  case leaf(Shape)
  case list(Form)
  case object([Member])

  struct Member {
    var name: String
    var isRequired: Bool
    var form: Form
    /// What is missing in its place when it is left out, where that is not the member itself: the value then
    /// has the first of its forms.
    var missing: String?
  }

  /// All forms of a shape.
  static func all(of shape: Shape) -> [Form] {
    switch shape {
    case .list(let element):
      return all(of: element).map { .list($0) }
    case .object(let object):
      let isChoice = object.variants.first?.contains { $0.isRequired && $0.shape.isOneChoice } ?? false
      let first = isChoice ? nil : object.variants.first?.first { $0.isRequired }?.name
      let variants = object.variants.isEmpty ? [[]] : object.variants
      return variants.enumerated().flatMap { place, variant in
        product(object.members + variant).map { members in
          .object(
            members.map { member in
              var member = member
              if place > 0, variant.contains(where: { $0.name == member.name }) {
                member.missing = first
              }
              return member
            })
        }
      }
    default:
      return [.leaf(shape)]
    }
  }

  private static func product(_ members: [Shape.Member]) -> [[Member]] {
    members.reduce([[]]) { begun, member in
      let forms = all(of: member.shape)
      return begun.flatMap { before in
        forms.map { before + [Member(name: member.name, isRequired: member.isRequired, form: $0)] }
      }
    }
  }

  /// A place in a value, named as errors name it.
  struct Place {
    var path: String
    var form: Form
    var isRequired: Bool
    /// The field that an error names when it is left out.
    var missing: String

    /// The name of the member, or of the list that it is an element of.
    var name: String {
      let last = path.split(separator: ".").last ?? ""
      return String(last.prefix { $0 != "[" })
    }
  }

  /// Every place inside, the outer ones first.
  func places(_ path: String = "") -> [Place] {
    switch self {
    case .leaf:
      return []
    case .list(let element):
      let inner = path + "[0]"
      return [Place(path: inner, form: element, isRequired: true, missing: inner)] + element.places(inner)
    case .object(let members):
      return members.flatMap { member in
        let inner = path.isEmpty ? member.name : "\(path).\(member.name)"
        let missing = member.missing.map { path.isEmpty ? $0 : "\(path).\($0)" } ?? inner
        let place = Place(
          path: inner, form: member.form, isRequired: member.isRequired, missing: missing)
        return [place] + member.form.places(inner)
      }
    }
  }

  /// The choices that were made, for the name of a case.
  var label: String {
    switch self {
    case .leaf(.choice(let values)) where values.count == 1: values[0]
    case .leaf: ""
    case .list(let element): element.label
    case .object(let members): members.map(\.form.label).filter { !$0.isEmpty }.joined(separator: " ")
    }
  }
}

extension Shape {
  /// Whether it is the member that tells a kind from the others.
  fileprivate var isOneChoice: Bool {
    if case .choice(let values) = self { values.count == 1 } else { false }
  }
}
