// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What can be called here.
public struct ServerMethods: Method {
  public static let name: StaticString = "server.methods"
  public static let summary: StaticString = "Describes every method, or the one named."
  public static let errors: [Errno] = [.enoent]

  /// The only method to describe.
  public var method: String?

  public init() {}
  public init(method: String?) { self.method = method }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("method", &method, "the only one to describe")
  }

  public typealias Result = Listing<Item, String>

  /// One method.
  public struct Item: Members {
    public var name = ""
    public var summary = ""
    public var role = Role.user
    /// JSON Schema of the parameters.
    public var parameters = JSONText()
    /// JSON Schema of the result.
    public var result = JSONText()
    /// Names of error numbers.
    public var errors: [String] = []
    public var takesKey = false

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("name", &name, "the method")
      try visitor.member("summary", &summary, "what it does")
      try visitor.member("role", &role, "the least that a caller needs")
      try visitor.member("params", &parameters, "JSON Schema of the parameters")
      try visitor.member("result", &result, "JSON Schema of the result")
      try visitor.member("errors", &errors, "names of error numbers that it answers")
      try visitor.member(
        "takes_key", &takesKey,
        "whether a call may carry a key, with which it is done once however often it is sent")
    }
  }
}
