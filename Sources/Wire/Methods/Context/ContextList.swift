// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Named contexts that the caller may see.
public struct ContextList: Method {
  public static let name: StaticString = "context.list"
  public static let summary: StaticString = "Lists the named contexts that the caller may see."
  public static let errors: [Errno] = [.einval]

  public var limit: UInt32?
  public var after: String?

  public init() {}

  public init(limit: UInt32? = nil, after: String?) {
    self.limit = limit
    self.after = after
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("limit", &limit, "items at most")
    try visitor.option("after", &after, "`next` of an earlier answer")
  }

  public typealias Result = Listing<Item, String>

  public enum State: String, Enumeration {
    case ready
    /// It is on its way back after a restart.
    case returning
    /// Its log cannot be read. It stays until somebody destroys it.
    case unreadable
  }

  /// One context.
  public struct Item: Members {
    public var name = ""
    public var owner: UInt32 = 0
    public var connections: UInt64 = 0
    public var objects: UInt64 = 0
    /// Whether it is the one that this connection works in.
    public var current = false
    public var persistent = false
    public var state = State.ready

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("name", &name, "of the context")
      try visitor.member("owner", &owner, "uid of its user")
      try visitor.member("connections", &connections, "connections that work in it")
      try visitor.member("objects", &objects, "objects that it holds")
      try visitor.member("current", &current, "whether this connection works in it")
      try visitor.member("persistent", &persistent, "whether it survives a restart of the daemon")
      try visitor.member("state", &state, "whether it can be opened")
    }
  }
}
