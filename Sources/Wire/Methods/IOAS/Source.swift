// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Where the memory of a map comes from.
public struct Source: Members {
  public enum Kind: String, Enumeration {
    /// A memfd, or another file of shared memory, that comes with the request.
    case fd
    /// Memory that the context holds already.
    case memory
    /// Fresh memory, whose descriptor comes with the answer.
    case new
    /// Memory of a process, through a descriptor of /proc/self/mem that it opened itself.
    case process
  }

  public var kind = Kind.new
  /// Index of the descriptor among those of the line, for ``Kind/fd`` and ``Kind/process``.
  public var descriptor: UInt32 = 0
  /// Id of the memory, for ``Kind/memory``.
  public var memory: UInt32 = 0
  /// First byte, for ``Kind/fd`` and ``Kind/memory``.
  public var offset: UInt64 = 0
  /// Where in the process the memory begins, for ``Kind/process``.
  public var address = IOVA(0)
  /// For ``Kind/new``.
  public var hugePages = HugePages.none

  /// The pages that fresh memory is made of.
  public enum HugePages: String, Enumeration {
    /// 4 KiB.
    case none
    /// Huge ones where the kernel has them at hand and is set up to give them to shared memory.
    case transparent
    // Those that the administrator has set aside.
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

  /// Fresh memory of the length that is mapped, of huge pages.
  public static func new(_ hugePages: HugePages) -> Source {
    var source = Source()
    source.hugePages = hugePages
    return source
  }

  /// What lies from `address` on in the process that opened its own memory as descriptor number `index`.
  public static func process(_ index: UInt32, address: IOVA) -> Source {
    var source = Source()
    source.kind = .process
    source.descriptor = index
    source.address = address
    return source
  }

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
        try visitor.option("hugepages", &hugePages, "of what pages it is made (default none)")
      case .process:
        try visitor.member("fd", &descriptor, "index of a descriptor of /proc/self/mem")
        try visitor.member("address", &address, "where in that process")
      }
    }
    self.kind = kind
  }
}
