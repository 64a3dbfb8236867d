// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What a device is, and what translates for it.
public struct DeviceInfo: Method {
  public static let name: StaticString = "device.info"
  public static let summary: StaticString = "Answers what a device is, and what translates for it now."
  public static let errors: [Errno] = [.enoent]

  public var device: UInt32 = 0

  public init() {}
  public init(device: UInt32) { self.device = device }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
  }

  public struct Result: Members {
    public var device: UInt32 = 0
    /// For people; empty when it was given none.
    public var name = ""
    public var format = TableFormat.vtd
    /// Bytes of each leaf size, ascending.
    public var pageSizes: [UInt64] = []
    public var aperture = AddressRange()
    public var reserved: [AddressRange] = []
    public var dirtyTracking = false
    /// Nil while it is attached to nothing.
    public var hwpt: UInt32?
    public var ioas: UInt32?

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("device", &device, "device")
      try visitor.member("name", &name, "for people")
      try visitor.member("format", &format, "of its page table")
      try visitor.member("page_sizes", &pageSizes, "bytes of each leaf size, ascending")
      try visitor.member("aperture", &aperture, "addresses that it can use")
      try visitor.member("reserved", &reserved, "addresses that it keeps for itself while it is attached")
      try visitor.member("dirty_tracking", &dirtyTracking, "its page tables can tell what it wrote")
      try visitor.option("hwpt", &hwpt, "the page table that translates for it; missing while none does")
      try visitor.option("ioas", &ioas, "the address space that it sees; missing while it sees none")
    }
  }
}
