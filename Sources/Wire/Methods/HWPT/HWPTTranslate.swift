// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Walks an I/O page table.
public struct HWPTTranslate: Method {
  public static let name: StaticString = "hwpt.translate"
  public static let summary: StaticString = "Answers the runs of frames that a page table holds for a range."
  public static let errors: [Errno] = [.einval, .enoent, .eoverflow]

  public var hwpt: UInt32 = 0
  public var iova = IOVA(0)
  /// Bytes, not 0.
  public var length: UInt64 = 0
  public var limit: UInt32?

  public init() {}

  public init(hwpt: UInt32, iova: IOVA, length: UInt64, limit: UInt32? = nil) {
    self.hwpt = hwpt
    self.iova = iova
    self.length = length
    self.limit = limit
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("hwpt", &hwpt, "I/O page table")
    try visitor.member("iova", &iova, "the first address")
    try visitor.member("length", &length, "bytes, not 0")
    try visitor.option("limit", &limit, "runs at most")
  }

  public struct Result: Members {
    public var runs: [Run] = []
    /// Ask again from here for the rest; nil when the range is done.
    public var next: IOVA?

    public init() {}

    public init(runs: [Run], next: IOVA? = nil) {
      self.runs = runs
      self.next = next
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("runs", &runs, "by address; what is not mapped is left out")
      try visitor.option("next", &next, "ask again from here for the rest; missing when done")
    }
  }

  /// Addresses that lead to consecutive frames, with one page size and one protection.
  public struct Run: Members {
    public var iova = IOVA(0)
    public var length: UInt64 = 0
    public var pageSize: UInt64 = 0
    public var read = false
    public var write = false
    /// Bus address of the first byte.
    public var frame = IOVA(0)
    public var memory: UInt32 = 0
    /// Of the first byte in the memory.
    public var offset: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("iova", &iova, "the first address")
      try visitor.member("length", &length, "bytes")
      try visitor.member("page_size", &pageSize, "bytes of its leaves")
      try visitor.member("read", &read, "devices may read")
      try visitor.member("write", &write, "devices may write")
      try visitor.member("frame", &frame, "bus address of the first byte")
      try visitor.member("memory", &memory, "the memory that the frames belong to")
      try visitor.member("offset", &offset, "of the first byte in the memory")
    }
  }
}
