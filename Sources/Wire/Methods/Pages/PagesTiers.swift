// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Where the frame numbers of a pages object are held.
public struct PagesTiers: Method {
  public static let name: StaticString = "pages.tiers"
  public static let summary: StaticString =
    "Shows which tier holds the frame numbers of each span of a pages object, and who uses it."
  public static let errors: [Errno] = [.einval, .enoent]

  public var pages: UInt32 = 0
  public var limit: UInt32?
  /// Page index.
  public var after: UInt64?

  public init() {}

  public init(pages: UInt32, limit: UInt32? = nil, after: UInt64? = nil) {
    self.pages = pages
    self.limit = limit
    self.after = after
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("pages", &pages, "pages object")
    try visitor.option("limit", &limit, "spans at most")
    try visitor.option("after", &after, "only spans that begin above this page")
  }

  public enum Tier: String, Enumeration {
    /// The pages object's own store.
    case store
    /// An I/O page table that maps the pages.
    case domain
    /// The memory itself, which is asked again when needed.
    case origin
  }

  public struct Result: Members {
    public var info = PagesList.Item()
    public var items: [Span] = []
    /// Give this as `after` for the spans that follow; nil at the end.
    public var next: UInt64?

    public init() {}

    public init(info: PagesList.Item, items: [Span], next: UInt64? = nil) {
      self.info = info
      self.items = items
      self.next = next
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("info", &info, "the pages object as pages.list shows it")
      try visitor.member("items", &items, "spans by page, without a gap")
      try visitor.option("next", &next, "give it as `after` for what follows; missing at the end")
    }
  }

  /// Consecutive pages held alike.
  public struct Span: Members {
    /// Its first page, counted from the start of the pages object.
    public var page: UInt64 = 0
    /// Pages.
    public var count: UInt64 = 0
    public var tier = Tier.origin
    public var pinned = false
    /// Pins of accesses.
    public var accesses: UInt64 = 0
    /// I/O page tables that map it.
    public var domains: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("page", &page, "its first page, counted from the start of the pages object")
      try visitor.member("count", &count, "pages of 4 KiB")
      try visitor.member("tier", &tier, "that holds its frame numbers")
      try visitor.member("pinned", &pinned, "whether the pages are pinned")
      try visitor.member("accesses", &accesses, "pins of accesses")
      try visitor.member("domains", &domains, "I/O page tables that map it")
    }
  }
}
