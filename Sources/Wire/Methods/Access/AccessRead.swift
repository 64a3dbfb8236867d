// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Reads mapped bytes as the CPU, across areas.
public struct AccessRead: Method {
  public static let name: StaticString = "access.read"
  public static let summary: StaticString = "Reads mapped bytes as the CPU, across areas."
  public static let errors: [Errno] = [.ebusy, .efault, .einval, .enoent, .eoverflow, .eperm]

  public var access: UInt32 = 0
  public var iova = IOVA(0)
  /// Bytes, at most 64 KiB.
  public var length: UInt64 = 0

  public init() {}

  public init(access: UInt32, iova: IOVA, length: UInt64) {
    self.access = access
    self.iova = iova
    self.length = length
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("access", &access, "access")
    try visitor.member("iova", &iova, "the first address")
    try visitor.member("length", &length, "bytes, at most 64 KiB")
  }

  public struct Result: Members {
    public var data = Bytes()

    public init() {}
    public init(data: Bytes) { self.data = data }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("data", &data, "base64 of the bytes")
    }
  }
}
