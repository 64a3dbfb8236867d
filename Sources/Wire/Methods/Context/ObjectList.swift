// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Every object of the connection's context.
public struct ObjectList: Method {
  public static let name: StaticString = "object.list"
  public static let summary: StaticString = "Lists the objects of the context, by id."
  public static let errors: [Errno] = [.einval, .enoent]

  /// Only objects of this kind.
  public var kind: ObjectKind?
  public var limit: UInt32?
  public var after: UInt32?

  public init() {}

  public init(kind: ObjectKind?, limit: UInt32? = nil, after: UInt32? = nil) {
    self.kind = kind
    self.limit = limit
    self.after = after
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("kind", &kind, "only objects of this kind")
    try visitor.option("limit", &limit, "items at most")
    try visitor.option("after", &after, "only ids above this")
  }

  public typealias Result = Listing<Item, UInt32>

  /// One object.
  public struct Item: Members {
    public var id: UInt32 = 0
    public var kind = ObjectKind.ioas
    /// A few words on its state.
    public var summary = ""

    public init() {}

    public init(id: UInt32, kind: ObjectKind, summary: String) {
      self.id = id
      self.kind = kind
      self.summary = summary
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("id", &id, "of the object")
      try visitor.member("kind", &kind, "what it is")
      try visitor.member("summary", &summary, "a few words on its state, for people")
    }
  }
}
