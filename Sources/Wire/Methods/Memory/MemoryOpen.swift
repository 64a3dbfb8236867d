// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Hands out the descriptor of a memory.
public struct MemoryOpen: Method {
  public static let name: StaticString = "memory.open"
  public static let summary: StaticString = "Answers a descriptor of a memory, to be mapped by the caller."
  public static let errors: [Errno] = [.enoent, .eopnotsupp, .eperm]

  public var memory: UInt32 = 0
  public var write = false

  public init() {}

  public init(memory: UInt32, write: Bool = false) {
    self.memory = memory
    self.write = write
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("memory", &memory, "memory that the context holds")
    try visitor.option("write", &write, "for writing too (default false)")
  }

  public struct Result: Members {
    /// What the descriptor, which comes with the answer, allows.
    public var write = false

    public init() {}
    public init(write: Bool) { self.write = write }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("write", &write, "whether the descriptor that comes with this allows writing")
    }
  }
}
