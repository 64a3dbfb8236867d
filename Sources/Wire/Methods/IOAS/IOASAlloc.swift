// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Makes an empty I/O address space.
public struct IOASAlloc: Method {
  public static let name: StaticString = "ioas.alloc"
  public static let summary: StaticString = "Makes an empty I/O address space."
  public static let errors: [Errno] = [.edquot, .einval, .enoent]
  public static let takesKey = true

  /// ``Residency/pinned`` or ``Residency/advisory``: whether what is mapped is pinned when devices or pins hold it.
  public var residency = Residency.pinned

  public init(residency: Residency = .pinned) { self.residency = residency }

  public init() {}

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option(
      "residency", &residency, "pinned (default), or advisory: nothing that it maps is pinned")
  }

  public struct Result: Members {
    public var ioas: UInt32 = 0

    public init() {}
    public init(ioas: UInt32) { self.ioas = ioas }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("ioas", &ioas, "the new address space")
    }
  }
}
