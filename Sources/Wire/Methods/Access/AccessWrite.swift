// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Writes mapped bytes as the CPU, across areas.
public struct AccessWrite: Method {
  public static let name: StaticString = "access.write"
  public static let summary: StaticString = "Writes mapped bytes as the CPU, across areas."
  public static let errors: [Errno] = [.ebusy, .efault, .einval, .enoent, .eoverflow, .eperm]

  public var access: UInt32 = 0
  public var iova = IOVA(0)
  /// At most 64 KiB.
  public var data = Bytes()

  public init() {}

  public init(access: UInt32, iova: IOVA, data: Bytes) {
    self.access = access
    self.iova = iova
    self.data = data
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("access", &access, "access")
    try visitor.member("iova", &iova, "the first address")
    try visitor.member("data", &data, "base64 of the bytes, at most 64 KiB")
  }

  public typealias Result = Nothing
}
