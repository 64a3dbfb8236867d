// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What an I/O page table is made of.
public struct HWPTInfo: Method {
  public static let name: StaticString = "hwpt.info"
  public static let summary: StaticString = "Answers what a page table is made of, level by level."
  public static let errors: [Errno] = [.ebusy, .enoent]

  public var hwpt: UInt32 = 0

  public init() {}
  public init(hwpt: UInt32) { self.hwpt = hwpt }

  public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("hwpt", &hwpt, "I/O page table")
  }

  public struct Result: Members {
    public var hwpt: UInt32 = 0
    public var ioas: UInt32 = 0
    public var format = TableFormat.vtd
    /// Bytes of each leaf size, ascending.
    public var pageSizes: [UInt64] = []
    public var aperture = AddressRange()
    /// Made for the devices that were attached to the address space, and gone with them.
    public var automatic = false
    /// Devices attached to it.
    public var devices: UInt64 = 0
    /// It was made with dirty tracking.
    public var dirtyTracking = false
    /// It notes what devices write.
    public var tracking = false
    /// Bytes of the table itself, and of what it notes.
    public var tableBytes: UInt64 = 0
    public var levels: [Level] = []

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("hwpt", &hwpt, "I/O page table")
      try visitor.member("ioas", &ioas, "address space that it translates")
      try visitor.member("format", &format, "of the table")
      try visitor.member("page_sizes", &pageSizes, "bytes of each leaf size, ascending")
      try visitor.member("aperture", &aperture, "addresses that it can translate")
      try visitor.member("automatic", &automatic, "it goes with the last of its devices")
      try visitor.member("devices", &devices, "attached to it")
      try visitor.member("dirty_tracking", &dirtyTracking, "it can tell what devices wrote")
      try visitor.member("tracking", &tracking, "it notes what devices write now")
      try visitor.member("table_bytes", &tableBytes, "memory of the table itself, and of what it notes")
      try visitor.member("levels", &levels, "from the top down")
    }
  }

  /// One level of a table.
  public struct Level: Members {
    /// 1 for the lowest.
    public var level: UInt32 = 0
    /// Bytes that one entry translates.
    public var entrySize: UInt64 = 0
    /// Whether its entries may be leaves.
    public var isLeafLevel = false
    public var tables: UInt64 = 0
    public var leaves: UInt64 = 0

    public init() {}

    public mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("level", &level, "1 for the lowest")
      try visitor.member("entry_size", &entrySize, "bytes that one entry translates")
      try visitor.member("leaf_level", &isLeafLevel, "its entries may be leaves")
      try visitor.member("tables", &tables, "tables on this level")
      try visitor.member("leaves", &leaves, "leaves on this level")
    }
  }
}
