// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Reads memory as the device would, through its page table.
public struct DeviceDMARead: Method {
  public static let name: StaticString = "device.dma_read"
  public static let summary: StaticString = "Reads memory as the device would, through its page table."
  public static let errors: [Errno] = [
    .edquot, .efault, .einval, .enoent, .enospc, .eoverflow, .eperm,
  ]

  public var device: UInt32 = 0
  public var iova = IOVA(0)
  /// Bytes, at most 64 KiB unless they go into a file.
  public var length: UInt64 = 0
  /// Index of the descriptor, among those of the line, of a memfd that the bytes go into; nil: they go into the answer.
  public var descriptor: UInt32?
  /// Where in the file they go.
  public var offset: UInt64?

  public init() {}

  public init(device: UInt32, iova: IOVA, length: UInt64) {
    self.device = device
    self.iova = iova
    self.length = length
  }

  /// The bytes go into the file whose descriptor is number `descriptor` of the request, from byte `offset` on.
  public init(device: UInt32, iova: IOVA, length: UInt64, into descriptor: UInt32, at offset: UInt64 = 0) {
    self.init(device: device, iova: iova, length: length)
    self.descriptor = descriptor
    self.offset = offset
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
    try visitor.member("iova", &iova, "the first address")
    try visitor.member("length", &length, "bytes; at most 64 KiB without fd")
    try visitor.option(
      "fd", &descriptor,
      "index of a populated memfd that cannot shrink, for the bytes; missing: they are answered")
    try visitor.option("offset", &offset, "where in the file they go (default 0)")
  }

  public struct Result: Members {
    /// Empty where the bytes went into a file.
    public var data: Bytes { answered ?? Bytes() }
    private var answered: Bytes?

    public init() {}
    public init(data: Bytes) { answered = data }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.option("data", &answered, "base64 of the bytes, where no file was given for them")
    }
  }
}
