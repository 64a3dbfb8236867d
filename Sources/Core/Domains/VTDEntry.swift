// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// One 64-bit entry of a second-stage table as Intel's VT-d specification lays it out: rights in bits 0 and 1, bit 7
/// for a leaf above the lowest level, the address in bits 12 to 51.
///
/// Hardware ignores bits 52 to 61 of an entry that names a table. They hold how many entries of that table are in
/// use, so that an emptied table is noticed without a look at it.
struct VTDEntry: Hashable, BitwiseCopyable, Sendable {
  var rawValue: UInt64

  static let largeBit: UInt64 = 1 << 7
  static let addressMask: UInt64 = (1 << 52 - 1) & ~Page.offsetMask
  static let countUnit: UInt64 = 1 << 52
  static let rightsMask: UInt64 = 0b11

  static let empty = VTDEntry(rawValue: 0)

  /// Both rights: only leaves restrict. `table` is aligned to 4096.
  init(table: UnsafeMutablePointer<VTDEntry>) {
    rawValue = UInt64(UInt(bitPattern: table)) | Self.rightsMask
  }

  init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The bits of a leaf at `level` besides its address.
  static func leafBits(_ protection: Protection, level: Int) -> UInt64 {
    UInt64(protection.rawValue) | (level > 1 ? largeBit : 0)
  }

  var isEmpty: Bool { rawValue == 0 }
  /// Bus address of a leaf, or of the table named.
  var address: UInt64 { rawValue & Self.addressMask }
  var protection: Protection { Protection(rawValue: UInt8(rawValue & Self.rightsMask)) }
  /// Entries in use of the table named: 0...512.
  var count: UInt64 { rawValue >> 52 & 0x3ff }

  func isLeaf(level: Int) -> Bool { level == 1 || rawValue & Self.largeBit != 0 }

  /// The table that an entry names which is neither empty nor a leaf.
  @inline(__always)
  var table: UnsafeMutablePointer<VTDEntry> {
    guard let table = unsafe UnsafeMutablePointer<VTDEntry>(bitPattern: UInt(address)) else {
      preconditionFailure("an entry names no table")
    }
    return unsafe table
  }
}

/// Sizes that follow from the level of a table: the lowest level is 1 and has leaves of 4 KiB.
enum VTDLevel {
  static let entries = 512

  /// Base-2 logarithm of the bytes that one entry translates: 12, 21, 30, 39, 48.
  @inline(__always)
  static func shift(_ level: Int) -> UInt64 { Page.shift + 9 * UInt64(truncatingIfNeeded: level - 1) }

  /// Bytes that one entry translates.
  @inline(__always)
  static func size(_ level: Int) -> UInt64 { 1 << shift(level) }

  /// Where `iova` stands in a table of `level`.
  @inline(__always)
  static func index(_ iova: UInt64, _ level: Int) -> Int {
    Int(truncatingIfNeeded: iova >> shift(level)) & (entries - 1)
  }
}
