// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Makes an I/O page table by itself.
public struct HWPTAlloc: Method {
  public static let name: StaticString = "hwpt.alloc"
  public static let summary: StaticString =
    "Makes a page table of a device's format for an address space, filled, to which devices are attached by its id."
  public static let errors: [Errno] = [.eaddrinuse, .ebusy, .edquot, .efault, .enoent, .enomem, .eopnotsupp]
  public static let takesKey = true

  public var device: UInt32 = 0
  public var ioas: UInt32 = 0
  public var dirtyTracking = false

  public init() {}

  public init(device: UInt32, ioas: UInt32, dirtyTracking: Bool = false) {
    self.device = device
    self.ioas = ioas
    self.dirtyTracking = dirtyTracking
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device whose format, page sizes and aperture it gets")
    try visitor.member("ioas", &ioas, "address space that it translates")
    try visitor.option("dirty_tracking", &dirtyTracking, "it can tell what devices wrote (default false)")
  }

  public struct Result: Members {
    public var hwpt: UInt32 = 0

    public init() {}
    public init(hwpt: UInt32) { self.hwpt = hwpt }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("hwpt", &hwpt, "the new page table")
    }
  }
}
