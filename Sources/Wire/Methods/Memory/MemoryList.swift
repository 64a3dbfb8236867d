// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Memory that the context holds.
public struct MemoryList: Method {
  public static let name: StaticString = "memory.list"
  public static let summary: StaticString = "Lists the memory that the context holds, by id."
  public static let errors: [Errno] = [.einval, .enoent]

  public var limit: UInt32?
  public var after: UInt32?

  public init() {}

  public init(limit: UInt32? = nil, after: UInt32?) {
    self.limit = limit
    self.after = after
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("limit", &limit, "items at most")
    try visitor.option("after", &after, "only ids above this")
  }

  public typealias Result = Listing<Item, UInt32>

  /// One memory.
  public struct Item: Members {
    public var memory: UInt32 = 0
    /// How it came: by a descriptor of its own or of a process, or made by the daemon.
    public var kind = Source.Kind.fd
    /// Bytes.
    public var size: UInt64 = 0
    public var residency = Residency.pinned
    public var pinnedPages: UInt64 = 0
    public var registeredPages: UInt64 = 0
    /// Whether its size is sealed.
    public var sealed = false
    public var writable = false

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("memory", &memory, "id of the memory")
      try visitor.member("kind", &kind, "how it came: fd, new or process")
      try visitor.member("size", &size, "bytes")
      try visitor.member("residency", &residency, "how its pinned pages are kept in place")
      try visitor.member("pinned_pages", &pinnedPages, "pages of it that are pinned")
      try visitor.member("registered_pages", &registeredPages, "pages that the kernel holds for them")
      try visitor.member("sealed", &sealed, "it cannot shrink")
      try visitor.member("writable", &writable, "it may be mapped for writing")
    }
  }
}
