// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Gives a pin back.
public struct AccessUnpin: Method {
  public static let name: StaticString = "access.unpin"
  public static let summary: StaticString = "Gives one pin of an access back."
  public static let errors: [Errno] = [.ebusy, .enoent]

  public var access: UInt32 = 0
  public var pin: UInt32 = 0

  public init() {}

  public init(access: UInt32, pin: UInt32) {
    self.access = access
    self.pin = pin
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("access", &access, "access that pinned")
    try visitor.member("pin", &pin, "as access.pin answered it")
  }

  public typealias Result = Nothing
}
