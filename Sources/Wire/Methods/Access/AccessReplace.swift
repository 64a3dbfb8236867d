// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Turns an access to another address space.
public struct AccessReplace: Method {
  public static let name: StaticString = "access.replace"
  public static let summary: StaticString = "Turns an access that holds no pins to another address space."
  public static let errors: [Errno] = [.eaddrinuse, .ebusy, .enoent]
  public static let takesKey = true

  public var access: UInt32 = 0
  public var ioas: UInt32 = 0

  public init() {}

  public init(access: UInt32, ioas: UInt32) {
    self.access = access
    self.ioas = ioas
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("access", &access, "access")
    try visitor.member("ioas", &ioas, "address space that it stands on from now on")
  }

  public typealias Result = Nothing
}
