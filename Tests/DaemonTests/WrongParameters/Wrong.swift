// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// One request with one thing wrong, and how it has to be refused.
struct Wrong: CustomStringConvertible {
  var method: String
  var path: String
  /// In a few words.
  var what: String
  var change: Honest.Change
  var expected: Expected

  enum Expected {
    /// As the shape says: -32602 naming this field.
    case misshapen(field: String?)
    /// With an error number, this field, and a message that says one of these.
    case refused(Errno, field: String, says: [String])
    /// It is not wrong at all.
    case granted
    case unknown
  }

  var description: String { "\(method) \(path.isEmpty ? "params" : path): \(what)" }
}

extension Wrong {
  /// All that can be wrong with `method` in `form`.
  static func all(_ method: String, _ form: Form, in scene: Scene) -> [Wrong] {
    let places = form.places()
    return shapes(method, form, places) + places.flatMap { values(method, $0, in: scene) }
  }

  // MARK: What the shape says

  private static func shapes(_ method: String, _ form: Form, _ places: [Form.Place]) -> [Wrong] {
    func wrong(_ path: String, _ what: String, _ change: Honest.Change, _ field: String?) -> Wrong {
      Wrong(method: method, path: path, what: what, change: change, expected: .misshapen(field: field))
    }
    var all: [Wrong] = []
    for (place, path) in [(form, "")] + places.map({ ($0.form, $0.path) }) {
      let field = path.isEmpty ? nil : path
      for value in place.misfits { all.append(wrong(path, value.text, .value(value), field)) }
      if case .object = place {
        all.append(wrong(path, "a member too many", .unknown, path.isEmpty ? "bogus" : "\(path).bogus"))
      }
    }
    for place in places where place.isRequired && !place.path.hasSuffix("]") {
      all.append(wrong(place.path, "missing", .missing, place.missing))
    }
    return all
  }

  // MARK: What values say

  private static func values(_ method: String, _ place: Form.Place, in scene: Scene) -> [Wrong] {
    func wrong(_ what: String, _ value: JSON, _ expected: Expected) -> Wrong {
      Wrong(method: method, path: place.path, what: what, change: .value(value), expected: expected)
    }
    func expected(_ what: String, _ says: [String]) -> Expected {
      Expectations.find(method, place, what, says)
    }
    func number(_ what: String, _ value: UInt64) -> Wrong {
      wrong(what, .number(value), expected(what, [String(value), IOVA(value).description]))
    }
    switch place.form {
    case .leaf(.integer(let maximum)) where scene.kinds(named: place.name) != nil:
      let ids = [("0", 0), ("maximum", UInt32(clamping: maximum))] + scene.strangers(to: place.name)
      return ids.map { what, id in
        wrong(what, .number(UInt64(id)), .refused(.enoent, field: place.path, says: [String(id)]))
      }
    case .leaf(.integer(let maximum)):
      let more = maximum == .max ? [number("misaligned", 4097)] : []
      return [number("0", 0), number("maximum", maximum)] + more
    case .leaf(.address):
      return [number("0", 0), number("maximum", .max), number("misaligned", Scene.area + 1)]
    case .leaf(.string):
      let long = String(repeating: "x", count: 65)
      return [
        wrong("empty", .string(""), expected("empty", ["0", "\"\""])),
        wrong("too long", .string(long), expected("too long", ["65", long.dropLast().description])),
      ]
    case .leaf(.base64):
      // 65,537 bytes.
      let long = String(repeating: "AAAA", count: 21_845) + "AAA="
      return [
        wrong("empty", .string(""), expected("empty", ["0"])),
        wrong("too long", .string(long), expected("too long", ["65537"])),
      ]
    case .list:
      return [wrong("empty", .list([]), expected("empty", []))]
    case .leaf, .object:
      return []
    }
  }
}

extension Form {
  /// Values of every other type, and those of the same that the type does not hold.
  fileprivate var misfits: [JSON] {
    let others: [JSON] = [
      .null, .bool(true), .number("7"), .string("seven"), .list([]), .object([]),
    ]
    let fractions: [JSON] = ["-1", "1.0", "1e3", "18446744073709551616"].map { .number($0) }
    switch self {
    case .object: return others.filter { $0 != .object([]) }
    case .list: return others.filter { $0 != .list([]) }
    case .leaf(.boolean): return others.filter { $0 != .bool(true) }
    case .leaf(.string): return others.filter { $0 != .string("seven") }
    case .leaf(.choice): return others
    case .leaf(.base64): return others
    case .leaf(.integer(let maximum)):
      let beyond: [JSON] = maximum == .max ? [] : [.number(maximum + 1)]
      return others.filter { $0 != .number("7") } + fractions + beyond
    case .leaf(.address):
      let words: [JSON] = ["0x", "0x1g", "1000", "0x11111111111111111"].map { .string($0) }
      return others.filter { $0 != .number("7") } + fractions + words
    case .leaf: return []
    }
  }
}

extension Scene {
  /// Kinds that a member of that name takes ids of; nil for what is no id.
  func kinds(named name: String) -> [ObjectKind]? {
    switch name {
    case "to": [.ioas, .hwpt]
    case "id": ObjectKind.allCases
    case "src_ioas", "dst_ioas": [.ioas]
    default: ObjectKind(rawValue: name).map { [$0] }
    }
  }

  /// Ids that such a member does not take: of objects of other kinds, and of another context.
  fileprivate func strangers(to name: String) -> [(String, UInt32)] {
    let taken = kinds(named: name) ?? []
    let all: [(ObjectKind, UInt32)] = [
      (.ioas, ioas), (.device, device), (.hwpt, hwpt), (.access, access), (.memory, memory), (.pages, pages),
    ]
    let others = all.filter { !taken.contains($0.0) }.map { ("of kind \($0.0.rawValue)", $0.1) }
    return others + [("of another context", Self.strangerID)]
  }
}
