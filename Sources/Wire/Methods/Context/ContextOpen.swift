// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Switches the connection to a named context.
public struct ContextOpen: Method {
  public static let name: StaticString = "context.open"
  public static let summary: StaticString = "Switches the connection to a named context of the caller."
  public static let isRepeatable = false
  public static let errors: [Errno] = [
    .ebusy, .edquot, .einval, .enoent, .enomem, .enospc, .eopnotsupp, .eperm, .euclean,
  ]

  public var context = ""
  /// Makes it when it does not exist.
  public var create = true
  /// The user whose context it is; only the admin role may name another than its own.
  public var owner: UInt32?
  /// It is to survive a restart of the daemon.
  public var persist = false
  /// Whoever opens it: names the sender of requests with keys.
  public var client: String?

  public init() {}

  public init(
    _ name: String, create: Bool = true, owner: UInt32? = nil, persist: Bool = false, client: String? = nil
  ) {
    context = name
    self.create = create
    self.owner = owner
    self.persist = persist
    self.client = client
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("name", &context, "1 to 64 bytes; names are per user")
    try visitor.option("create", &create, "make it when it does not exist (default true)")
    try visitor.option("owner", &owner, "uid of its user, for the admin role (default: the caller)")
    try visitor.option(
      "persist", &persist, "one that is made survives a restart of the daemon (default false)")
    try visitor.option("client", &client, "names the sender of requests with a key: 1 to 64 bytes")
  }

  public struct Result: Members {
    /// Whether this call made it.
    public var created = false
    public var owner: UInt32 = 0
    public var objects: UInt64 = 0
    public var persistent = false
    /// Areas whose memory could not be pinned again after a restart.
    public var degraded: UInt64 = 0

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
      try visitor.member("persistent", &persistent, "whether it survives a restart of the daemon")
      try visitor.member(
        "degraded", &degraded, "areas whose memory could not be pinned again after a restart")
    }
  }
}
