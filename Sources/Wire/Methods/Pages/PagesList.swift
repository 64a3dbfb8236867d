// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Slices of memory that maps made.
public struct PagesList: Method {
  public static let name: StaticString = "pages.list"
  public static let summary: StaticString = "Lists the slices of memory that maps made, by id."
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

  /// One pages object.
  public struct Item: Members {
    public var pages: UInt32 = 0
    public var memory: UInt32 = 0
    /// Bytes into the memory.
    public var offset: UInt64 = 0
    /// Pages of 4 KiB.
    public var count: UInt64 = 0
    public var writable = false
    public var pinnedPages: UInt64 = 0
    public var residency = Residency.pinned

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("pages", &pages, "id of the pages object")
      try visitor.member("memory", &memory, "the memory that it is a slice of")
      try visitor.member("offset", &offset, "bytes into the memory")
      try visitor.member("count", &count, "pages of 4 KiB")
      try visitor.member("writable", &writable, "it is pinned for writing")
      try visitor.member("pinned_pages", &pinnedPages, "pages of it that are pinned")
      try visitor.member("residency", &residency, "how its pages are kept in place while they are held")
    }
  }
}
