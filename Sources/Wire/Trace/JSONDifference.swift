// SPDX-License-Identifier: Apache-2.0

/// A place where two JSON texts say different things.
package struct JSONDifference: Equatable, Sendable {
  /// Such as `result.items[2].name`; empty for the whole text.
  package var path: String
  /// What stands there, as it was written; nil where there is nothing.
  package var before: String?
  package var after: String?

  package init(_ path: String, _ before: String?, _ after: String?) {
    self.path = path
    self.before = before
    self.after = after
  }

  /// All places where `after` is not as `before`, in its order. The order of members means nothing. O(length), but
  /// O(m^2) in the members of one object.
  ///
  /// - Parameter mayDiffer: whether values of the same kind at this path, which differ somewhere, are all right.
  package static func all(_ before: [UInt8], _ after: [UInt8], mayDiffer: (String) -> Bool)
    -> [JSONDifference]
  {
    if before == after { return [] }
    var old = Scanner()
    var new = Scanner()
    return unsafe before.withUnsafeBytes { one in
      unsafe after.withUnsafeBytes { other in
        guard let one = try? unsafe old.scan(one), let other = try? unsafe new.scan(other) else {
          let texts = (String(decoding: before, as: UTF8.self), String(decoding: after, as: UTF8.self))
          return [JSONDifference("", texts.0, texts.1)]
        }
        return withoutActuallyEscaping(mayDiffer) { mayDiffer in
          var comparison = Comparison(old: one, new: other, mayDiffer: mayDiffer)
          comparison.compare(0, 0, at: "")
          return comparison.found
        }
      }
    }
  }

  private struct Comparison {
    let old: Reader
    let new: Reader
    let mayDiffer: (String) -> Bool
    var found: [JSONDifference] = []

    /// Depth is bounded, since the scanner's is.
    mutating func compare(_ one: Int, _ other: Int, at path: String) {
      let kind = old.token(one).kind
      guard new.isKind(kind, at: other) else {
        // True and false are of one kind to whoever reads them.
        let areTruths = old.isTruth(at: one) && new.isTruth(at: other)
        return areTruths && mayDiffer(path) ? () : note(one, other, path)
      }
      if mayDiffer(path) { return }
      switch kind {
      case .object: compareMembers(one, other, path)
      case .array: compareElements(one, other, path)
      default: if old.text(at: one) != new.text(at: other) { note(one, other, path) }
      }
    }

    private mutating func compareMembers(_ one: Int, _ other: Int, _ path: String) {
      let prefix = path.isEmpty ? "" : path + "."
      let (mine, theirs) = (old.members(of: one), new.members(of: other))
      for (name, value) in mine {
        if let match = theirs.first(where: { $0.name == name }) {
          compare(value, match.value, at: prefix + name)
        } else {
          note(value, nil, prefix + name)
        }
      }
      for (name, value) in theirs where !mine.contains(where: { $0.name == name }) {
        note(nil, value, prefix + name)
      }
    }

    private mutating func compareElements(_ one: Int, _ other: Int, _ path: String) {
      let (mine, theirs) = (old.elements(of: one), new.elements(of: other))
      for place in 0..<max(mine.count, theirs.count) {
        let path = "\(path)[\(place)]"
        if place >= theirs.count {
          note(mine[place], nil, path)
        } else if place >= mine.count {
          note(nil, theirs[place], path)
        } else {
          compare(mine[place], theirs[place], at: path)
        }
      }
    }

    private mutating func note(_ one: Int?, _ other: Int?, _ path: String) {
      found.append(JSONDifference(path, one.map { old.text(at: $0) }, other.map { new.text(at: $0) }))
    }
  }
}

extension Reader {
  fileprivate func isTruth(at index: Int) -> Bool { isKind(.yes, at: index) || isKind(.no, at: index) }

  fileprivate func members(of index: Int) -> [(name: String, value: Int)] {
    var key = index + 1
    return (0..<token(index).count).map { _ in
      defer { key = Int(token(key + 1).next) }
      return (string(at: key) ?? "", key + 1)
    }
  }

  fileprivate func elements(of index: Int) -> [Int] {
    var element = index + 1
    return (0..<token(index).count).map { _ in
      defer { element = Int(token(element).next) }
      return element
    }
  }
}
