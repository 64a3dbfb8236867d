// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Everything that is known of one address: where it leads, hop by hop, and who holds it.
public struct IOASExplain: Method {
  public static let name: StaticString = "ioas.explain"
  public static let summary: StaticString =
    "Follows one IOVA to its area, its memory and its frames, and says who holds it."
  public static let errors: [Errno] = [.enoent]

  public var ioas: UInt32 = 0
  public var iova = IOVA(0)

  public init() {}

  public init(ioas: UInt32, iova: IOVA) {
    self.ioas = ioas
    self.iova = iova
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.member("iova", &iova, "one address")
  }

  public struct Result: Members {
    /// The area that holds the address, with its first byte's place in the memory.
    public var area = IOASAreas.Item()
    /// Page of the pages object, counted from 0.
    public var page: UInt64 = 0
    public var tier = PagesTiers.Tier.origin
    public var pinned = false
    public var residency = Residency.pinned
    /// Pins of accesses over the page, and areas that show it to devices, here and where it is copied.
    public var accesses: UInt64 = 0
    public var domains: UInt64 = 0
    public var kind = Source.Kind.fd
    /// Bytes into the memory.
    public var offset: UInt64 = 0
    /// Pins of accesses of this address space that hold the address, at most 100.
    public var holders: [Holder] = []
    /// What the I/O page tables of the address space make of the address.
    public var tables: [Table] = []

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("area", &area, "the area that holds the address, as ioas.areas shows it")
      try visitor.member("page", &page, "the page's number in the pages object")
      try visitor.member("tier", &tier, "that holds its frame number")
      try visitor.member("pinned", &pinned, "whether it is pinned")
      try visitor.member("residency", &residency, "how it is kept in place while it is held")
      try visitor.member("accesses", &accesses, "pins of accesses over the page, copies of it included")
      try visitor.member("domains", &domains, "areas that show it to devices, copies of it included")
      try visitor.member("kind", &kind, "how the memory came")
      try visitor.member("offset", &offset, "of the address in the memory, in bytes")
      try visitor.member("holders", &holders, "pins of this address space's accesses, at most 100")
      try visitor.member("hwpts", &tables, "what its I/O page tables make of the address")
    }
  }

  /// A pin that holds the address.
  public struct Holder: Members {
    public var access: UInt32 = 0
    public var pin: UInt32 = 0
    public var first = IOVA(0)
    public var last = IOVA(0)

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("access", &access, "access that pins it")
      try visitor.member("pin", &pin, "its pin")
      try visitor.member("first", &first, "the first address that is pinned")
      try visitor.member("last", &last, "the last one")
    }
  }

  /// What one I/O page table makes of the address.
  public struct Table: Members {
    public var hwpt: UInt32 = 0
    public var pageSize: UInt64 = 0
    public var frame = IOVA(0)
    public var read = false
    public var write = false
    /// Devices attached, at most 100.
    public var devices: [UInt32] = []

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("hwpt", &hwpt, "I/O page table")
      try visitor.member("page_size", &pageSize, "bytes of the leaf that translates it")
      try visitor.member("frame", &frame, "bus address that it leads to")
      try visitor.member("read", &read, "devices may read")
      try visitor.member("write", &write, "devices may write")
      try visitor.member("devices", &devices, "devices that are attached, at most 100")
    }
  }
}
