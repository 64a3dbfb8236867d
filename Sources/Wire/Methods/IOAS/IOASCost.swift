// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What a map or a copy would pin and charge, without doing it.
public struct IOASCost: Method {
  public static let name: StaticString = "ioas.cost"
  public static let summary: StaticString =
    "Says what a map or a copy would pin and charge now, without doing it; refused as that would be."
  public static let errors: [Errno] = [
    .edquot, .eexist, .efault, .einval, .enoent, .enomem, .enospc, .eopnotsupp, .eoverflow, .eperm,
  ]

  public var ioas: UInt32 = 0
  /// A copy to `ioas`; there are no ranges then.
  public var copy: Copy?
  /// As for ioas.map.
  public var ranges: [IOASMap.Range] = []
  /// Whether the call is in the form without a list.
  public var single = true

  public init() {}

  public init(ioas: UInt32, _ range: IOASMap.Range) {
    self.ioas = ioas
    ranges = [range]
  }

  public init(ioas: UInt32, ranges: [IOASMap.Range]) {
    self.ioas = ioas
    self.ranges = ranges
    single = false
  }

  public init(ioas: UInt32, copy: Copy) {
    self.ioas = ioas
    self.copy = copy
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space that it would be mapped in")
    try visitor.option("copy", &copy, "a copy from another address space, without ranges")
    try visitor.oneOrMany(
      "ranges", &ranges, single: &single, absent: copy != nil, "mapped in one call, as in ioas.map")
  }

  /// What ioas.copy would be asked for.
  public struct Copy: Members {
    public var sourceIOAS: UInt32 = 0
    public var sourceIOVA = IOVA(0)
    /// Bytes, not 0.
    public var length: UInt64 = 0
    public var iova: IOVA?
    public var read: Bool?
    public var write: Bool?

    public init() {}

    public init(from sourceIOAS: UInt32, _ sourceIOVA: IOVA, length: UInt64, at iova: IOVA? = nil) {
      self.sourceIOAS = sourceIOAS
      self.sourceIOVA = sourceIOVA
      self.length = length
      self.iova = iova
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("src_ioas", &sourceIOAS, "address space that maps the range")
      try visitor.member("src_iova", &sourceIOVA, "the first address there")
      try visitor.member("length", &length, "bytes, not 0, all of them mapped")
      try visitor.option("iova", &iova, "where; chosen when missing")
      try visitor.option("read", &read, "devices may read")
      try visitor.option("write", &write, "devices may write")
    }
  }

  public struct Result: Members {
    /// Pages of 4 KiB that would be pinned.
    public var pages: UInt64 = 0
    /// Bytes by which each quota would be used more.
    public var pinnedBytes: UInt64 = 0
    public var heldBytes: UInt64 = 0
    /// Numbers by which each quota would be used more.
    public var areas: UInt64 = 0
    public var objects: UInt64 = 0
    public var descriptors: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("pages", &pages, "pages of 4 KiB that would be pinned now")
      try visitor.member("pinned_bytes", &pinnedBytes, "charged to the quota of pinned bytes")
      try visitor.member("held_bytes", &heldBytes, "charged to the quota of bytes of memory held")
      try visitor.member("areas", &areas, "charged to the quota of areas")
      try visitor.member("objects", &objects, "charged to the quota of objects")
      try visitor.member("descriptors", &descriptors, "charged to the quota of descriptors")
    }
  }
}
