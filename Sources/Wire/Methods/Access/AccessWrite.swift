// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Writes mapped bytes as the CPU, across areas.
public struct AccessWrite: Method {
  public static let name: StaticString = "access.write"
  public static let summary: StaticString = "Writes mapped bytes as the CPU, across areas."
  public static let errors: [Errno] = [
    .ebusy, .edquot, .efault, .einval, .enoent, .enospc, .eoverflow, .eperm,
  ]
  public static let takesKey = true

  public var access: UInt32 = 0
  public var iova = IOVA(0)
  /// At most 64 KiB; nil: the bytes come from a file.
  public var data: Bytes?
  /// Index of the descriptor, among those of the line, of a memfd that holds the bytes.
  public var descriptor: UInt32?
  /// Where in the file they begin.
  public var offset: UInt64?
  /// Bytes of the file.
  public var length: UInt64?

  public init() {}

  public init(access: UInt32, iova: IOVA, data: Bytes) {
    self.access = access
    self.iova = iova
    self.data = data
  }

  /// The bytes come from the file whose descriptor is number `descriptor` of the request, from byte `offset` on.
  public init(access: UInt32, iova: IOVA, length: UInt64, from descriptor: UInt32, at offset: UInt64 = 0) {
    self.access = access
    self.iova = iova
    self.descriptor = descriptor
    self.offset = offset
    self.length = length
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("access", &access, "access")
    try visitor.member("iova", &iova, "the first address")
    try visitor.option("data", &data, "base64 of the bytes, at most 64 KiB; or else a file has them")
    try visitor.option("fd", &descriptor, "index of a memfd that cannot shrink, which has the bytes")
    try visitor.option("offset", &offset, "where in the file they begin (default 0)")
    try visitor.option("length", &length, "bytes of the file")
  }

  public typealias Result = Nothing
}
