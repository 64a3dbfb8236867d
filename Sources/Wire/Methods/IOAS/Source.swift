// SPDX-License-Identifier: Apache-2.0

/// Where the memory of a map comes from.
public struct Source: Members {
  public enum Kind: String, Enumeration {
    /// A memfd, or another file of shared memory, that comes with the request.
    case fd
    /// Memory that the context holds already.
    case memory
    /// Fresh memory, whose descriptor comes with the answer.
    case new
  }

  public var kind = Kind.new
  /// Index of the descriptor among those of the line, for ``Kind/fd``.
  public var descriptor: UInt32 = 0
  /// Id of the memory, for ``Kind/memory``.
  public var memory: UInt32 = 0
  /// First byte, for ``Kind/fd`` and ``Kind/memory``.
  public var offset: UInt64 = 0
  /// For ``Kind/new``. Only ``HugePages/none`` is offered yet.
  public var hugePages = HugePages.none

  /// The pages that fresh memory is made of.
  public enum HugePages: String, Enumeration {
    case none, transparent
    case mebibytes2 = "2M"
    case gibibyte1 = "1G"
  }

  public init() {}

  /// Byte `offset` on of the file that the request brings as its descriptor number `index`.
  public static func fd(_ index: UInt32, offset: UInt64 = 0) -> Source {
    var source = Source()
    source.kind = .fd
    source.descriptor = index
    source.offset = offset
    return source
  }

  /// Byte `offset` on of memory that the context holds.
  public static func memory(_ id: UInt32, offset: UInt64 = 0) -> Source {
    var source = Source()
    source.kind = .memory
    source.memory = id
    source.offset = offset
    return source
  }

  /// Fresh memory of the length that is mapped.
  public static var new: Source { Source() }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    var kind = kind
    try visitor.kinds("kind", &kind, "where the memory comes from") {
      (visitor: inout V, kind) throws(Failure) in
      switch kind {
      case .fd:
        try visitor.member("fd", &descriptor, "index among the descriptors of this line")
        try visitor.option("offset", &offset, "bytes into the file (default 0)")
      case .memory:
        try visitor.member("memory", &memory, "memory that the context holds")
        try visitor.option("offset", &offset, "bytes into it (default 0)")
      case .new:
        try visitor.option("hugepages", &hugePages, "none (default); the others are not offered yet")
      }
    }
    self.kind = kind
  }
}
