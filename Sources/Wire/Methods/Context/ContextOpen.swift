// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Switches the connection to a named context.
public struct ContextOpen: Method {
  public static let name: StaticString = "context.open"
  public static let summary: StaticString = "Switches the connection to a named context of the caller."
  public static let errors: [Errno] = [.ebusy, .edquot, .einval, .enoent, .eopnotsupp, .eperm]

  public var context = ""
  /// Makes it when it does not exist.
  public var create = true
  /// The user whose context it is; only the admin role may name another than its own.
  public var owner: UInt32?
  /// It is to survive a restart of the daemon. Not offered yet.
  public var persist = false

  public init() {}

  public init(_ name: String, create: Bool = true, owner: UInt32? = nil) {
    context = name
    self.create = create
    self.owner = owner
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("name", &context, "1 to 64 bytes; names are per user")
    try visitor.option("create", &create, "make it when it does not exist (default true)")
    try visitor.option("owner", &owner, "uid of its user, for the admin role (default: the caller)")
    try visitor.option("persist", &persist, "it survives a restart of the daemon; not offered yet")
  }

  public struct Result: Members {
    /// Whether this call made it.
    public var created = false
    public var owner: UInt32 = 0
    public var objects: UInt64 = 0

    public init() {}

    public init(created: Bool, owner: UInt32, objects: UInt64) {
      self.created = created
      self.owner = owner
      self.objects = objects
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("created", &created, "whether this call made it")
      try visitor.member("owner", &owner, "uid of its user")
      try visitor.member("objects", &objects, "objects that it holds")
    }
  }
}
