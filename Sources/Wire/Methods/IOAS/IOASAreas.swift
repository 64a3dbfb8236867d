// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What is mapped in an address space.
public struct IOASAreas: Method {
  public static let name: StaticString = "ioas.areas"
  public static let summary: StaticString = "Lists the areas of an address space, by address."
  public static let errors: [Errno] = [.einval, .enoent]

  public var ioas: UInt32 = 0
  public var limit: UInt32?
  public var after: IOVA?

  public init() {}

  public init(ioas: UInt32, limit: UInt32? = nil, after: IOVA? = nil) {
    self.ioas = ioas
    self.limit = limit
    self.after = after
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.option("limit", &limit, "items at most")
    try visitor.option("after", &after, "only areas that begin above this address")
  }

  public typealias Result = Listing<Item, IOVA>

  public enum State: String, Enumeration {
    case mapped, mapping, unmapping
    /// It came back after a restart, and its memory could not be pinned again: devices fault there.
    case degraded
  }

  /// One area.
  public struct Item: Members {
    public var iova = IOVA(0)
    public var length: UInt64 = 0
    public var pages: UInt32 = 0
    public var memory: UInt32 = 0
    /// Of its first byte in the memory.
    public var offset: UInt64 = 0
    public var read = false
    public var write = false
    /// Pins of accesses that hold it.
    public var pins: UInt64 = 0
    public var state = State.mapped

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("iova", &iova, "the first address")
      try visitor.member("length", &length, "bytes")
      try visitor.member("pages", &pages, "the pages object that it shows")
      try visitor.member("memory", &memory, "the memory behind it")
      try visitor.member("offset", &offset, "of its first byte in the memory")
      try visitor.member("read", &read, "devices may read")
      try visitor.member("write", &write, "devices may write")
      try visitor.member("pins", &pins, "pins of accesses that hold it")
      try visitor.member(
        "state", &state, "whether it is being mapped or unmapped, or its memory could not be pinned again")
    }
  }
}
