// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Destroys a named context with everything in it.
public struct ContextDestroy: Method {
  public static let name: StaticString = "context.destroy"
  public static let summary: StaticString = "Destroys a named context with everything in it."
  public static let isRepeatable = false
  public static let errors: [Errno] = [.ebusy, .einval, .enoent, .eperm]

  public var context = ""
  public var owner: UInt32?

  public init() {}

  public init(_ name: String, owner: UInt32? = nil) {
    context = name
    self.owner = owner
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("name", &context, "of the context")
    try visitor.option("owner", &owner, "uid of its user, for the admin role (default: the caller)")
  }

  public struct Result: Members {
    /// Objects that went with it.
    public var objects: UInt64 = 0

    public init() {}
    public init(objects: UInt64) { self.objects = objects }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("objects", &objects, "objects that went with it")
    }
  }
}
