// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Tells an object in the service manager's store apart from all others of its kind there.
package typealias StoreNumber = UInt32

/// What the service manager calls a descriptor that it keeps: `m12` for memory, `l3` for a log, 11 bytes at most.
package struct StoreName: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case memory, log

    fileprivate var letter: Character { self == .memory ? "m" : "l" }
  }

  package let kind: Kind
  package let number: StoreNumber

  package init(_ kind: Kind, _ number: StoreNumber) {
    self.kind = kind
    self.number = number
  }

  /// Reads what ``text`` writes; nil for anything else.
  package init?(_ text: String) {
    guard let kind = [Kind.memory, .log].first(where: { text.first == $0.letter }),
      let number = StoreNumber(text.dropFirst())
    else { return nil }
    self.init(kind, number)
    // No second spelling of a number.
    guard self.text == text else { return nil }
  }

  package var text: String { "\(kind.letter)\(number)" }
}

/// A descriptor that the service manager kept while there was no daemon.
package final class StoredDescriptor: Sendable {
  package let name: StoreName
  package let descriptor: OwnedDescriptor

  package init(_ name: StoreName, _ descriptor: consuming OwnedDescriptor) {
    self.name = name
    self.descriptor = descriptor
  }
}

/// The service manager's store takes no more.
package struct StoreFull: Error, Equatable, Sendable {
  /// What is full.
  package enum Scope: Equatable, Sendable {
    /// What one user may keep there.
    case user(UInt32)
    /// What all together may.
    case all
  }

  package let scope: Scope
  /// Objects that are kept, and that may be.
  package let use: Int
  package let limit: Int

  package init(scope: Scope, use: Int, limit: Int) {
    self.scope = scope
    self.use = use
    self.limit = limit
  }
}
