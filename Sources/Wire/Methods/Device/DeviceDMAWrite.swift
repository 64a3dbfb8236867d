// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Writes memory as the device would, through its page table.
public struct DeviceDMAWrite: Method {
  public static let name: StaticString = "device.dma_write"
  public static let summary: StaticString = "Writes memory as the device would, through its page table."
  public static let errors: [Errno] = [.efault, .einval, .enoent, .enomem, .eoverflow]

  public var device: UInt32 = 0
  public var iova = IOVA(0)
  /// At most 64 KiB.
  public var data = Bytes()

  public init() {}

  public init(device: UInt32, iova: IOVA, data: Bytes) {
    self.device = device
    self.iova = iova
    self.data = data
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
    try visitor.member("iova", &iova, "the first address")
    try visitor.member("data", &data, "base64 of the bytes, at most 64 KiB")
  }

  public typealias Result = Nothing
}
