// SPDX-License-Identifier: Apache-2.0

/// The engine's unit: 4 KiB, the smallest frame that it stores, pins and accounts.
public enum Page {
  /// Base-2 logarithm of ``size``.
  public static let shift: UInt64 = 12
  /// Bytes in one page.
  public static let size: UInt64 = 1 << shift
  /// The bits of a byte address that lie inside a page.
  public static let offsetMask: UInt64 = size - 1
}

/// A page frame number: a frame's physical (bus) address divided by 4096.
@frozen
public struct PFN: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  /// Bus address of the frame's first byte.
  @inlinable public var address: UInt64 { rawValue << Page.shift }

  @inlinable public static func < (a: PFN, b: PFN) -> Bool { a.rawValue < b.rawValue }

  /// The frame `distance` frames further on. The sum must fit 52 bits; frames come from origins, never
  /// from a client.
  @inlinable public func advanced(by distance: UInt64) -> PFN { PFN(rawValue + distance) }
}

/// Position of a page in one pages object or one origin, counted from 0.
@frozen
public struct PageIndex: RawRepresentable, Hashable, Comparable, Sendable {
  public var rawValue: UInt64

  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

  @inlinable public static func < (a: PageIndex, b: PageIndex) -> Bool { a.rawValue < b.rawValue }
}

/// Consecutive frames: the value that origins answer, tiers store and domains map.
@frozen
public struct FrameRun: Hashable, Sendable {
  public var pfn: PFN
  /// Frames in the run, at least 1.
  public var count: UInt64

  @inlinable
  public init(pfn: PFN, count: UInt64) {
    self.pfn = pfn
    self.count = count
  }
}
