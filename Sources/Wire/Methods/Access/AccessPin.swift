// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Pins a range for as long as the connection lives, or until it is unpinned.
public struct AccessPin: Method {
  public static let name: StaticString = "access.pin"
  public static let summary: StaticString =
    "Pins a mapped range and says which memory lies behind it, to be mapped through memory.open."
  public static let errors: [Errno] = [
    .ebusy, .efault, .einval, .enoent, .enomem, .eoverflow, .eperm,
  ]

  public var access: UInt32 = 0
  public var iova = IOVA(0)
  /// Bytes, not 0.
  public var length: UInt64 = 0
  public var write = false

  public init() {}

  public init(access: UInt32, iova: IOVA, length: UInt64, write: Bool = false) {
    self.access = access
    self.iova = iova
    self.length = length
    self.write = write
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("access", &access, "access that was made with pins")
    try visitor.member("iova", &iova, "page-aligned first address")
    try visitor.member("length", &length, "bytes, not 0; the end need not be aligned")
    try visitor.option("write", &write, "for writing too (default false)")
  }

  public struct Result: Members {
    /// Counts per access.
    public var pin: UInt32 = 0
    public var segments: [Segment] = []

    public init() {}

    public init(pin: UInt32, segments: [Segment]) {
      self.pin = pin
      self.segments = segments
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("pin", &pin, "counts per access")
      try visitor.member("segments", &segments, "the memory behind the range, in order")
    }
  }

  /// Consecutive bytes of one memory.
  public struct Segment: Members {
    public var memory: UInt32 = 0
    public var offset: UInt64 = 0
    public var length: UInt64 = 0
    /// Whether memory.open would answer a descriptor for it.
    public var mappable = false

    public init() {}

    public init(memory: UInt32, offset: UInt64, length: UInt64, mappable: Bool) {
      self.memory = memory
      self.offset = offset
      self.length = length
      self.mappable = mappable
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("memory", &memory, "the memory")
      try visitor.member("offset", &offset, "of the first byte in it")
      try visitor.member("length", &length, "bytes")
      try visitor.member("mappable", &mappable, "memory.open answers a descriptor for it")
    }
  }
}
