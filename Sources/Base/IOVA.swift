// SPDX-License-Identifier: Apache-2.0

/// An I/O virtual address: what a device puts on the bus, in bytes.
@frozen
public struct IOVA: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static func < (a: IOVA, b: IOVA) -> Bool { a.rawValue < b.rawValue }
}

extension IOVA: CustomStringConvertible {
  /// `0x` and lower-case digits, as on the wire.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}
