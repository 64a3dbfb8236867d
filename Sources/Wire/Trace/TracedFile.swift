// SPDX-License-Identifier: Apache-2.0

/// What has to be known of a descriptor to make one like it, without anything of its contents.
package struct TracedFile: Members {
  package enum Kind: String, Enumeration {
    /// A memfd, or another shmem or hugetlb file.
    case memory
    /// Anything else. It is not looked at, since that may take as long as its owner likes.
    case other
  }

  package enum Access: String, Enumeration {
    case read = "r"
    case write = "w"
    case both = "rw"
  }

  package enum Seal: String, Enumeration {
    case seal, shrink, grow, write
    case futureWrite = "future_write"
  }

  package var kind = Kind.other
  package var access = Access.both
  /// Counts the files of the trace from 1: descriptors that lead to the same file have the same number.
  package var file: UInt64?
  /// Bytes.
  package var size: UInt64?
  /// Bytes that are not holes.
  package var allocated: UInt64?
  package var seals: [Seal]?
  /// Bytes of a huge page, for a file of such.
  package var hugePage: UInt64?

  package init() {}

  package mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("kind", &kind, "what it is")
    try visitor.member("access", &access, "what it was opened for")
    try visitor.option("file", &file, "counts the files of the trace from 1")
    try visitor.option("size", &size, "bytes")
    try visitor.option("allocated", &allocated, "bytes that are not holes")
    try visitor.option("seals", &seals, "promises")
    try visitor.option("huge_page", &hugePage, "bytes of its pages, where they are huge")
  }
}

extension TracedFile.Seal {
  /// As the kernel has it.
  package var bit: UInt32 {
    switch self {
    case .seal: 1
    case .shrink: 2
    case .grow: 4
    case .write: 8
    case .futureWrite: 16
    }
  }
}
