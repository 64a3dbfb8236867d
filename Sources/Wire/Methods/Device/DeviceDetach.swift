// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Takes a device's address space away.
public struct DeviceDetach: Method {
  public static let name: StaticString = "device.detach"
  public static let summary: StaticString = "Detaches a device; its DMA faults from then on."
  public static let errors: [Errno] = [.ebusy, .einval, .enoent]
  public static let takesKey = true

  public var device: UInt32 = 0

  public init() {}
  public init(device: UInt32) { self.device = device }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("device", &device, "device")
  }

  public typealias Result = Nothing
}
