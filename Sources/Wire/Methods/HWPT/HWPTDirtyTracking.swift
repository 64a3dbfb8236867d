// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Switches dirty tracking of a page table.
public struct HWPTDirtyTracking: Method {
  public static let name: StaticString = "hwpt.dirty_tracking"
  public static let summary: StaticString =
    "Begins to note what devices write through a page table, with nothing noted; or ends, and forgets."
  public static let errors: [Errno] = [.ebusy, .enoent, .eopnotsupp]
  public static let takesKey = true

  public var hwpt: UInt32 = 0
  public var on = false

  public init() {}

  public init(hwpt: UInt32, on: Bool) {
    self.hwpt = hwpt
    self.on = on
  }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("hwpt", &hwpt, "I/O page table that was made with dirty tracking")
    try visitor.member("on", &on, "true also clears what was noted before")
  }

  public typealias Result = Nothing
}
