// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Maps memory into an address space: one range, or several of which all or none are mapped.
public struct IOASMap: Method {
  public static let name: StaticString = "ioas.map"
  public static let summary: StaticString =
    "Maps memory at given or chosen IOVAs; several ranges are all or nothing."
  public static let errors: [Errno] = [
    .edquot, .eexist, .efault, .einval, .enoent, .enomem, .enospc, .eopnotsupp, .eoverflow, .eperm,
  ]
  public static let takesKey = true

  public var ioas: UInt32 = 0
  public var ranges: [Range] = []
  /// Whether the call is in the form without a list, and so answers `iova` rather than `iovas`.
  public var single = true

  public init() {}

  public init(ioas: UInt32, _ range: Range) {
    self.ioas = ioas
    ranges = [range]
  }

  public init(ioas: UInt32, ranges: [Range]) {
    self.ioas = ioas
    self.ranges = ranges
    single = false
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.oneOrMany("ranges", &ranges, single: &single, absent: nil, "all mapped or none")
  }

  /// Who gets a descriptor of mapped memory.
  public enum Share: String, Enumeration {
    /// Everybody in the context; a descriptor always exposes the whole file.
    case whole
  }

  /// One range to map.
  public struct Range: Members {
    /// Bytes, not 0.
    public var length: UInt64 = 0
    public var source = Source()
    /// Where to map; nil leaves the choice to the daemon.
    public var iova: IOVA?
    public var read = true
    /// nil: as the descriptor allows.
    public var write: Bool?
    /// Who gets a descriptor of the memory; nil: only whoever brought it.
    public var share: Share?

    public init() {}

    public init(
      length: UInt64, source: Source, iova: IOVA? = nil, read: Bool = true, write: Bool? = nil
    ) {
      self.length = length
      self.source = source
      self.iova = iova
      self.read = read
      self.write = write
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("length", &length, "bytes, not 0")
      try visitor.member("source", &source, "the memory")
      try visitor.option("iova", &iova, "where; chosen when missing")
      try visitor.option("read", &read, "devices may read (default true)")
      try visitor.option("write", &write, "devices may write (default: as the source allows)")
      try visitor.option("share", &share, "whole: the context's other users get its descriptor too")
    }
  }

  public struct Result: Members {
    /// In the form without a list: where it was mapped.
    public var iova: IOVA?
    /// In the form with a list: where each was mapped, in order.
    public var iovas: [IOVA]?
    /// In the form without a list: the memory behind it.
    public var memory: UInt32?
    /// In the form with a list: the memory behind each, in order.
    public var memories: [UInt32]?

    public init() {}

    /// - Parameters:
    ///   - iovas: one for each range, in order.
    ///   - memories: the memory of each range, in order.
    ///   - single: the form of the call, see ``IOASMap/single``.
    public init(iovas: [IOVA], memories: [UInt32], single: Bool) {
      if single {
        iova = iovas.first
        memory = memories.first
      } else {
        self.iovas = iovas
        self.memories = memories
      }
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.option("iova", &iova, "where it was mapped (form without a list)")
      try visitor.option("iovas", &iovas, "where each range was mapped (form with a list)")
      try visitor.option("memory", &memory, "the memory behind it (form without a list)")
      try visitor.option("memories", &memories, "the memory behind each range (form with a list)")
    }
  }
}
