// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Sets an option of an address space, or answers it.
public struct IOASOption: Method {
  public static let name: StaticString = "ioas.option"
  public static let summary: StaticString = "Sets an option of an address space, or just answers it."
  public static let errors: [Errno] = [.eaddrinuse, .einval, .enoent]
  public static let takesKey = true

  public enum Name: String, Enumeration {
    /// 1: large leaves where memory allows them. 0: page by page, so that any page can be unmapped by itself.
    case hugePages = "huge_pages"
  }

  public var ioas: UInt32 = 0
  public var option = Name.hugePages
  /// nil: the option stays as it is.
  public var value: UInt64?

  public init() {}

  public init(ioas: UInt32, _ option: Name, value: UInt64? = nil) {
    self.ioas = ioas
    self.option = option
    self.value = value
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("ioas", &ioas, "address space")
    try visitor.member("name", &option, "huge_pages: whether devices see leaves larger than a page")
    try visitor.option("value", &value, "1 (its default) or 0; missing: nothing is set")
  }

  public struct Result: Members {
    public var value: UInt64 = 0

    public init() {}
    public init(value: UInt64) { self.value = value }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("value", &value, "what the option is now")
    }
  }
}
