// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A result without members.
public struct Nothing: Members {
  public init() {}
  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {}
}

/// An answer to a list call: items in order, and where to go on when there are more.
public struct Listing<Item: Members, Cursor: Value>: Members {
  public var items: [Item] = []
  /// Give this as `after` for the items that follow; nil at the end.
  public var next: Cursor?

  public init() {}

  public init(_ items: [Item], next: Cursor? = nil) {
    self.items = items
    self.next = next
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("items", &items, "in order")
    try visitor.option("next", &next, "give it as `after` for what follows; missing at the end")
  }
}

/// A range of addresses, both ends inclusive.
public struct AddressRange: Members {
  public var first = IOVA(0)
  public var last = IOVA(0)

  public init() {}

  public init(_ first: IOVA, through last: IOVA) {
    self.first = first
    self.last = last
  }

  public init(_ range: IOVARange) { self.init(range.first, through: range.last) }

  /// The range, or nil when it ends before it begins.
  public var range: IOVARange? { first <= last ? IOVARange(first, through: last) : nil }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("first", &first, "the first address")
    try visitor.member("last", &last, "the last address, inclusive")
  }
}
