// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What this daemon is, and how it sees the caller.
public struct ServerInfo: Method {
  public static let name: StaticString = "server.info"
  public static let summary: StaticString = "Says what this daemon is and how it sees the caller."
  public static let errors: [Errno] = []

  public init() {}
  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {}

  public struct Result: Members {
    public var version = ""
    public var protocolVersion = WireLimit.protocolVersion
    public var pageSize: UInt64 = 4096
    public var pid: UInt32 = 0
    public var uid: UInt32 = 0
    public var role = Role.user
    public var limits = Limits()
    /// Bytes that the caller may have pinned.
    public var pinLimit: UInt64 = 0
    /// What memory can be here, the default first.
    public var residency: [Residency] = []

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("version", &version, "of the daemon")
      try visitor.member("protocol", &protocolVersion, "counts breaking changes of the protocol")
      try visitor.member("page_size", &pageSize, "bytes of the smallest frame")
      try visitor.member("pid", &pid, "of the daemon")
      try visitor.member("uid", &uid, "of the caller, as the kernel tells it")
      try visitor.member("role", &role, "of the socket that the caller came in by")
      try visitor.member("limits", &limits, "what a line and an answer may hold")
      try visitor.member("pin_limit", &pinLimit, "bytes that the caller may have pinned")
      try visitor.member("residency", &residency, "what memory can be here, the default first")
    }
  }

  /// What a line and an answer may hold.
  public struct Limits: Members {
    public var lineBytes = UInt64(WireLimit.lineBytes)
    public var descriptors = UInt32(WireLimit.descriptors)
    public var depth = UInt32(WireLimit.depth)
    public var dataBytes = UInt64(WireLimit.dataBytes)
    public var items = WireLimit.maximumItems

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("line_bytes", &lineBytes, "bytes of a line")
      try visitor.member("descriptors", &descriptors, "descriptors of a line")
      try visitor.member("depth", &depth, "objects and arrays inside each other")
      try visitor.member("data_bytes", &dataBytes, "bytes that one read or write moves")
      try visitor.member("items", &items, "items of a list")
    }
  }
}
