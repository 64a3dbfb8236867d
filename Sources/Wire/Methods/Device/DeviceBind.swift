// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Makes an emulated device.
public struct DeviceBind: Method {
  public static let name: StaticString = "device.bind"
  public static let summary: StaticString = "Makes an emulated device, not attached to anything."
  public static let errors: [Errno] = [.edquot, .einval, .enoent]
  public static let takesKey = true

  /// For people.
  public var device: String?
  public var format = TableFormat.vtd
  /// Bytes of each leaf size; nil takes those of the format.
  public var pageSizes: [UInt64]?
  /// Addresses that the device can put on the bus; nil takes those of the format.
  public var aperture: AddressRange?
  /// Addresses that the device keeps for itself.
  public var reserved: [AddressRange] = []
  public var dirtyTracking = false

  public init() {}
  public init(name: String?) { device = name }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("name", &device, "at most 64 bytes, for people")
    try visitor.option("format", &format, "of its page table (default vtd)")
    try visitor.option(
      "page_sizes", &pageSizes, "bytes of each leaf size (default: vtd 4 KiB, 2 MiB and 1 GiB; flat 4 KiB)")
    try visitor.option("aperture", &aperture, "addresses that it can use (default 48 bits; vtd at most 57)")
    try visitor.option(
      "reserved", &reserved, "addresses that it keeps for itself while it is attached (default none)")
    try visitor.option(
      "dirty_tracking", &dirtyTracking, "its page tables can tell what it wrote (default false)")
  }

  public struct Result: Members {
    public var device: UInt32 = 0

    public init() {}
    public init(device: UInt32) { self.device = device }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("device", &device, "the new device")
    }
  }
}
