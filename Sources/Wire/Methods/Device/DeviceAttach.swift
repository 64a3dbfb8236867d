// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Lets a device see an address space.
public struct DeviceAttach: Method {
  public static let name: StaticString = "device.attach"
  public static let summary: StaticString =
    "Attaches a device to an address space (through its I/O page table) or to a page table, instead of what it sees now."
  public static let errors: [Errno] = [.eaddrinuse, .ebusy, .edquot, .efault, .einval, .enoent, .enomem]
  public static let takesKey = true

  public var device: UInt32 = 0
  /// Id of an IOAS or HWPT.
  public var target: UInt32 = 0

  public init() {}

  public init(device: UInt32, to target: UInt32) {
    self.device = device
    self.target = target
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
    try visitor.member("to", &target, "id of an IOAS or HWPT")
  }

  public struct Result: Members {
    public var hwpt: UInt32 = 0

    public init() {}
    public init(hwpt: UInt32) { self.hwpt = hwpt }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("hwpt", &hwpt, "the page table that translates for the device now")
    }
  }
}
