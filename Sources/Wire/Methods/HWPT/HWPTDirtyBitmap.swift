// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Answers which pages devices have written through a page table.
public struct HWPTDirtyBitmap: Method {
  public static let name: StaticString = "hwpt.dirty_bitmap"
  public static let summary: StaticString =
    "Answers which pages devices have written through a page table since that was asked last."
  /// What was told is clean afterwards.
  public static let isRepeatable = false
  public static let errors: [Errno] = [
    .ebusy, .edquot, .efault, .einval, .enoent, .enospc, .eopnotsupp, .eoverflow, .eperm,
  ]

  public var hwpt: UInt32 = 0
  public var iova = IOVA(0)
  /// Bytes, not 0.
  public var length: UInt64 = 0
  /// Bytes that one answer stands for: a power of two, at least 4096.
  public var pageSize: UInt64 = 4096
  /// Whether what is answered stays noted.
  public var keep = false
  public var limit: UInt32?
  /// Index of the descriptor, among those of the line, of a memfd that a bitmap goes into; nil: ranges are answered.
  public var descriptor: UInt32?
  /// Where in the file the bitmap begins.
  public var offset: UInt64?

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

  /// A bitmap goes into the file whose descriptor is number `descriptor` of the request, from byte `offset` on.
  public init(
    hwpt: UInt32, iova: IOVA, length: UInt64, pageSize: UInt64 = 4096, keep: Bool = false,
    into descriptor: UInt32, at offset: UInt64 = 0
  ) {
    self.init(hwpt: hwpt, iova: iova, length: length, pageSize: pageSize, keep: keep)
    self.descriptor = descriptor
    self.offset = offset
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("hwpt", &hwpt, "I/O page table whose tracking is on")
    try visitor.member("iova", &iova, "the first address, a multiple of page_size")
    try visitor.member("length", &length, "bytes, not 0, a multiple of page_size")
    try visitor.option("page_size", &pageSize, "a power of two, at least 4096 (default 4096)")
    try visitor.option("keep", &keep, "what is answered stays noted (default false)")
    try visitor.option("limit", &limit, "ranges at most")
    try visitor.option(
      "fd", &descriptor,
      "index of a populated memfd that cannot shrink, for a bitmap: page n is bit n % 8 of byte n / 8")
    try visitor.option("offset", &offset, "where in the file the bitmap begins (default 0)")
  }

  public struct Result: Members {
    /// Empty where a bitmap went into a file.
    public var ranges: [Range] { answered ?? [] }
    private var answered: [Range]?
    /// Ask again from here for the rest; nil when the range is done.
    public var next: IOVA?
    /// Pages of `page_size` that this answer says to be written.
    public var dirtyPages: UInt64 = 0

    public init() {}

    public init(ranges: [Range], next: IOVA?, dirtyPages: UInt64) {
      answered = ranges
      self.next = next
      self.dirtyPages = dirtyPages
    }

    /// A bitmap went into a file.
    public init(dirtyPages: UInt64) { self.dirtyPages = dirtyPages }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.option("ranges", &answered, "pages that were written, by address, where no file was given")
      try visitor.option("next", &next, "ask again from here for the rest; missing when done")
      try visitor.member("dirty_pages", &dirtyPages, "pages of page_size that this answer says to be written")
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
