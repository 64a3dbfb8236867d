// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Shows what one address space maps in another one, or elsewhere in the same, by the same pages objects.
public struct IOASCopy: Method {
  public static let name: StaticString = "ioas.copy"
  public static let summary: StaticString =
    "Shows a mapped range in another address space too, by the same pages objects; nothing is pinned twice."
  public static let errors: [Errno] = [
    .edquot, .eexist, .efault, .einval, .enoent, .enomem, .enospc, .eoverflow, .eperm,
  ]
  public static let takesKey = true

  public var sourceIOAS: UInt32 = 0
  public var sourceIOVA = IOVA(0)
  /// Bytes, not 0.
  public var length: UInt64 = 0
  public var targetIOAS: UInt32 = 0
  /// Where to map; nil leaves the choice to the daemon.
  public var iova: IOVA?
  /// nil: as the area that is copied.
  public var read: Bool?
  public var write: Bool?

  public init() {}

  public init(
    from sourceIOAS: UInt32, _ sourceIOVA: IOVA, length: UInt64, to targetIOAS: UInt32, at iova: IOVA? = nil
  ) {
    self.sourceIOAS = sourceIOAS
    self.sourceIOVA = sourceIOVA
    self.length = length
    self.targetIOAS = targetIOAS
    self.iova = iova
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("src_ioas", &sourceIOAS, "address space that maps the range")
    try visitor.member("src_iova", &sourceIOVA, "the first address there")
    try visitor.member("length", &length, "bytes, not 0, all of them mapped")
    try visitor.member("dst_ioas", &targetIOAS, "address space that shows it too; may be the same")
    try visitor.option("iova", &iova, "where; chosen when missing")
    try visitor.option("read", &read, "devices may read (default: as in each area that is copied)")
    try visitor.option("write", &write, "devices may write (default: as in each area that is copied)")
  }

  public struct Result: Members {
    public var iova = IOVA(0)

    public init() {}
    public init(iova: IOVA) { self.iova = iova }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("iova", &iova, "where the copy begins")
    }
  }
}
