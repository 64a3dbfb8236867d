// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Options of the context that the connection works in.
public struct ContextOption: Method {
  public static let name: StaticString = "context.option"
  public static let summary: StaticString =
    "Sets those options of the connection's context that are given, while it is empty, and answers all."
  public static let errors: [Errno] = [.ebusy, .enoent, .eopnotsupp, .eperm]
  public static let takesKey = true

  /// nil: as it is.
  public var rlimitMode: RlimitMode?
  /// nil: as they are.
  public var frames: FrameLayout?

  public init() {}

  public init(rlimitMode: RlimitMode? = nil, frames: FrameLayout?) {
    self.rlimitMode = rlimitMode
    self.frames = frames
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("rlimit_mode", &rlimitMode, "whose pins are counted together; set by admins only")
    try visitor.option("frames", &frames, "which frame numbers pages have")
  }

  public struct Result: Members {
    public var rlimitMode = RlimitMode.user
    public var frames = FrameLayout.bus

    public init() {}

    public init(rlimitMode: RlimitMode, frames: FrameLayout) {
      self.rlimitMode = rlimitMode
      self.frames = frames
    }

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("rlimit_mode", &rlimitMode, "whose pins are counted together")
      try visitor.member("frames", &frames, "which frame numbers pages have")
    }
  }
}
