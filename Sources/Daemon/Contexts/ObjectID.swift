// SPDX-License-Identifier: Apache-2.0

/// The name of an object within one context: a number from 1. There is no object 0.
package struct ObjectID: Hashable, Comparable, Sendable {
  package let rawValue: UInt32

  /// - Returns: nil for 0, which names nothing.
  package init?(_ rawValue: UInt32) {
    guard rawValue != 0 else { return nil }
    self.rawValue = rawValue
  }

  /// The name after this one. The highest is followed by 1.
  package var next: ObjectID { ObjectID(unchecked: rawValue == .max ? 1 : rawValue + 1) }

  /// The first name that a table gives.
  package static let first = ObjectID(unchecked: 1)

  private init(unchecked rawValue: UInt32) { self.rawValue = rawValue }

  package static func < (a: ObjectID, b: ObjectID) -> Bool { a.rawValue < b.rawValue }
}

extension ObjectID: CustomStringConvertible {
  package var description: String { String(rawValue) }
}
