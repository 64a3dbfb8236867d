// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Makes an access: the way in for a CPU.
public struct AccessCreate: Method {
  public static let name: StaticString = "access.create"
  public static let summary: StaticString = "Makes an access to an address space, for reads, writes and pins."
  public static let errors: [Errno] = [.eaddrinuse, .edquot, .enoent]
  public static let takesKey = true

  public var ioas: UInt32 = 0
  /// Whether it will pin; raises the alignment of the address space to 4096.
  public var pins = false

  public init() {}

  public init(ioas: UInt32, pins: Bool) {
    self.ioas = ioas
    self.pins = pins
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.option("pins", &pins, "it will pin, so the alignment rises to 4096 (default false)")
  }

  public struct Result: Members {
    public var access: UInt32 = 0

    public init() {}
    public init(access: UInt32) { self.access = access }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("access", &access, "the new access")
    }
  }
}
