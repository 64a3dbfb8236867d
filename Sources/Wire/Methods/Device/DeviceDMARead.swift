// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Reads memory as the device would, through its page table.
public struct DeviceDMARead: Method {
  public static let name: StaticString = "device.dma_read"
  public static let summary: StaticString = "Reads memory as the device would, through its page table."
  public static let errors: [Errno] = [.efault, .einval, .enoent, .eoverflow]

  public var device: UInt32 = 0
  public var iova = IOVA(0)
  /// Bytes, at most 64 KiB.
  public var length: UInt64 = 0

  public init() {}

  public init(device: UInt32, iova: IOVA, length: UInt64) {
    self.device = device
    self.iova = iova
    self.length = length
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
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
