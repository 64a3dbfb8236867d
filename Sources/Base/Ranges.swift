// SPDX-License-Identifier: Apache-2.0

/// A non-empty range of IOVAs with an inclusive end, since a range may reach `UInt64.max`.
@frozen
public struct IOVARange: Hashable, Sendable {
  public var first: IOVA
  public var last: IOVA

  /// `first` must not lie after `last`.
  @inlinable
  public init(_ first: IOVA, through last: IOVA) {
    assert(first <= last)
    self.first = first
    self.last = last
  }

  /// `length` bytes from `first`; nil when `length` is 0 or the range would pass the top of 64 bits.
  @inlinable
  public init?(first: IOVA, length: UInt64) {
    guard length > 0 else { return nil }
    let (last, overflow) = first.rawValue.addingReportingOverflow(length - 1)
    guard !overflow else { return nil }
    self.init(first, through: IOVA(last))
  }

  /// All 2^64 addresses.
  @inlinable public static var all: IOVARange { IOVARange(IOVA(0), through: IOVA(.max)) }

  /// Bytes in the range; nil for all 2^64 of them.
  @inlinable
  public var length: UInt64? {
    let span = last.rawValue - first.rawValue
    return span == .max ? nil : span + 1
  }

  @inlinable
  public func contains(_ iova: IOVA) -> Bool { first <= iova && iova <= last }

  @inlinable
  public func contains(_ other: IOVARange) -> Bool { first <= other.first && other.last <= last }

  @inlinable
  public func overlaps(_ other: IOVARange) -> Bool { first <= other.last && other.first <= last }

  @inlinable
  public func intersection(_ other: IOVARange) -> IOVARange? {
    overlaps(other) ? IOVARange(max(first, other.first), through: min(last, other.last)) : nil
  }
}

extension IOVARange: CustomStringConvertible {
  public var description: String { "\(first)-\(last)" }
}

/// A non-empty range of page indexes with an inclusive end.
@frozen
public struct IndexRange: Hashable, Sendable {
  public var first: PageIndex
  public var last: PageIndex

  /// `first` must not lie after `last`.
  @inlinable
  public init(_ first: PageIndex, through last: PageIndex) {
    assert(first <= last)
    self.first = first
    self.last = last
  }

  /// `first` must not lie after `last`.
  @inlinable
  public init(_ first: UInt64, through last: UInt64) {
    self.init(PageIndex(first), through: PageIndex(last))
  }

  /// `count` pages from `first`; `count` must not be 0 and the range must fit 64 bits.
  @inlinable
  public init(first: PageIndex, count: UInt64) {
    assert(count > 0)
    self.init(first, through: PageIndex(first.rawValue + (count - 1)))
  }

  /// Pages in the range. An index range never holds 2^64 pages, since a page is 4 KiB.
  @inlinable public var count: UInt64 { last.rawValue - first.rawValue + 1 }

  @inlinable
  public func contains(_ index: PageIndex) -> Bool { first <= index && index <= last }

  @inlinable
  public func contains(_ other: IndexRange) -> Bool { first <= other.first && other.last <= last }

  @inlinable
  public func overlaps(_ other: IndexRange) -> Bool { first <= other.last && other.first <= last }

  @inlinable
  public func intersection(_ other: IndexRange) -> IndexRange? {
    overlaps(other) ? IndexRange(max(first, other.first), through: min(last, other.last)) : nil
  }
}

extension IndexRange: CustomStringConvertible {
  public var description: String { "\(first.rawValue)-\(last.rawValue)" }
}
