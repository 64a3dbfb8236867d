// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Answers which pages devices have written through a page table.
public struct HWPTDirtyBitmap: Method {
  public static let name: StaticString = "hwpt.dirty_bitmap"
  public static let summary: StaticString =
    "Answers which pages devices have written through a page table since that was asked last."
  public static let errors: [Errno] = [.ebusy, .einval, .enoent, .eopnotsupp, .eoverflow]

  public var hwpt: UInt32 = 0
  public var iova = IOVA(0)
  /// Bytes, not 0.
  public var length: UInt64 = 0
  /// Bytes that one answer stands for: a power of two, at least 4096.
  public var pageSize: UInt64 = 4096
  /// Whether what is answered stays noted.
  public var keep = false
  public var limit: UInt32?

  public init() {}

  public init(
    hwpt: UInt32, iova: IOVA, length: UInt64, pageSize: UInt64 = 4096, keep: Bool = false,
    limit: UInt32? = nil
  ) {
    self.hwpt = hwpt
    self.iova = iova
    self.length = length
    self.pageSize = pageSize
    self.keep = keep
    self.limit = limit
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("hwpt", &hwpt, "I/O page table whose tracking is on")
    try visitor.member("iova", &iova, "the first address, a multiple of page_size")
    try visitor.member("length", &length, "bytes, not 0, a multiple of page_size")
    try visitor.option("page_size", &pageSize, "a power of two, at least 4096 (default 4096)")
    try visitor.option("keep", &keep, "what is answered stays noted (default false)")
    try visitor.option("limit", &limit, "ranges at most")
  }

  public struct Result: Members {
    public var ranges: [Range] = []
    /// Ask again from here for the rest; nil when the range is done.
    public var next: IOVA?

    public init() {}

    public init(ranges: [Range], next: IOVA?) {
      self.ranges = ranges
      self.next = next
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("ranges", &ranges, "pages that were written, by address")
      try visitor.option("next", &next, "ask again from here for the rest; missing when done")
    }
  }

  /// Pages that follow each other.
  public struct Range: Members {
    public var iova = IOVA(0)
    /// Bytes.
    public var length: UInt64 = 0

    public init() {}

    public init(iova: IOVA, length: UInt64) {
      self.iova = iova
      self.length = length
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("iova", &iova, "the first address")
      try visitor.member("length", &length, "bytes")
    }
  }
}
