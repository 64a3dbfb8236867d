// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Destroys one object.
public struct ObjectDestroy: Method {
  public static let name: StaticString = "object.destroy"
  public static let summary: StaticString = "Destroys an object that nothing stands on."
  public static let errors: [Errno] = [.ebusy, .enoent]
  public static let takesKey = true

  public var id: UInt32 = 0

  public init() {}
  public init(id: UInt32) { self.id = id }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("id", &id, "of the object")
  }

  public typealias Result = Nothing
}
