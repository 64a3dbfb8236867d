// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Writes memory as the device would, through its page table.
public struct DeviceDMAWrite: Method {
  public static let name: StaticString = "device.dma_write"
  public static let summary: StaticString = "Writes memory as the device would, through its page table."
  public static let errors: [Errno] = [
    .edquot, .efault, .einval, .enoent, .enomem, .enospc, .eoverflow, .eperm,
  ]
  public static let takesKey = true

  public var device: UInt32 = 0
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

  public init(device: UInt32, iova: IOVA, data: Bytes) {
    self.device = device
    self.iova = iova
    self.data = data
  }

  /// The bytes come from the file whose descriptor is number `descriptor` of the request, from byte `offset` on.
  public init(device: UInt32, iova: IOVA, length: UInt64, from descriptor: UInt32, at offset: UInt64 = 0) {
    self.device = device
    self.iova = iova
    self.descriptor = descriptor
    self.offset = offset
    self.length = length
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
    try visitor.member("iova", &iova, "the first address")
    try visitor.option("data", &data, "base64 of the bytes, at most 64 KiB; or else a file has them")
    try visitor.option("fd", &descriptor, "index of a memfd that cannot shrink, which has the bytes")
    try visitor.option("offset", &offset, "where in the file they begin (default 0)")
    try visitor.option("length", &length, "bytes of the file")
  }

  public typealias Result = Nothing
}
