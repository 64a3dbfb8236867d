// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Showing what one address space maps in another one, or elsewhere in the same.
extension AddressSpace {
  /// What to show, and where.
  package struct CopyRequest: Sendable {
    /// All of it has to be covered by areas of the source.
    package var source: IOVARange
    /// Where the copy begins; nil: the space chooses. Areas follow each other as in the source.
    package var iova: IOVA?
    /// What devices may do; nil: what the area that is copied lets them.
    package var read: Bool?
    package var write: Bool?

    package init(source: IOVARange, iova: IOVA?, read: Bool? = nil, write: Bool? = nil) {
      self.source = source
      self.iova = iova
      self.read = read
      self.write = write
    }

    fileprivate func protection(_ area: Area) -> Protection {
      var protection: Protection = []
      if read ?? area.protection.contains(.read) { protection.insert(.read) }
      if write ?? area.protection.contains(.write) { protection.insert(.write) }
      return protection
    }
  }

  /// Shows what `source` maps in a range here too: one area for each area there, over the same pages objects. Nothing
  /// is pinned twice, and whoever pays for the pages goes on to pay. All or nothing.
  ///
  /// An area of the source that is copied stays until the copy stands: an unmap of it waits.
  /// O(areas log areas), and O(runs) for each domain.
  /// - Throws: ``Refusal/notMapped(_:)`` at the first IOVA that no area covers, and what ``map(_:_:)`` throws.
  package func copy(
    _ request: CopyRequest, from source: AddressSpace, _ waiting: Waiting = .wait
  ) throws(Refusal) -> [AreaInfo] {
    let length = try request.length
    try acquireDomainsShared(waiting)
    defer { domainsLock.unlock() }
    let slices = try source.beginCopy(request.source, waiting)
    defer { source.end(slices) }
    var maps = slices.map { request.map(of: $0) }
    if waiting == .tryOnly { try checkQuick(maps) }
    let areas = try reserveInOrder(&maps, length, at: request.iova, isTrial: false, waiting)
    try publish(areas, waiting)
    return areas.map(Self.info)
  }

  /// The areas that a copy would make, which stand nowhere. The domain list is held.
  func tryCopy(
    _ request: CopyRequest, from source: AddressSpace, _ waiting: Waiting
  ) throws(Refusal) -> ShortList<Area> {
    let length = try request.length
    let slices = try source.beginCopy(request.source, waiting)
    defer { source.end(slices) }
    var maps = slices.map { request.map(of: $0) }
    return try reserveInOrder(&maps, length, at: request.iova, isTrial: true, waiting)
  }

  /// Finds the areas that cover all of `range` and keeps them from being unmapped until ``end(_:)``.
  private func beginCopy(_ range: IOVARange, _ waiting: Waiting) throws(Refusal) -> [Slice] {
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    let slices = try cover(range, waiting)
    for slice in slices { slice.area.copies += 1 }
    return slices
  }

  /// Takes the IOVAs of `maps`, which follow each other over `length` bytes.
  private func reserveInOrder(
    _ maps: inout [MapRequest], _ length: UInt64, at iova: IOVA?, isTrial: Bool, _ waiting: Waiting
  ) throws(Refusal) -> ShortList<Area> {
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    guard let first = maps.first else { return ShortList() }
    var position: IOVA
    if let iova {
      if iova.rawValue & (alignment - 1) != 0 {
        throw .misaligned(.iova, value: iova.rawValue, alignment: alignment)
      }
      position = iova
    } else {
      // One hole for all of them.
      position = try chooseIOVA(length: length, offset: sourceOffset(first))
    }
    guard IOVARange(first: position, length: length) != nil else {
      throw .overflow(start: position.rawValue, length: length)
    }
    for number in maps.indices {
      maps[number].iova = position
      // Past the last of them it may wrap around, and is not used.
      position.rawValue &+= maps[number].length
    }
    return try reserve(maps, isTrial: isTrial)
  }
}

extension AddressSpace.CopyRequest {
  /// Bytes.
  fileprivate var length: UInt64 {
    get throws(Refusal) {
      guard let length = source.length, length < 1 << 63 else {
        throw .overflow(start: source.first.rawValue, length: source.length ?? .max)
      }
      return length
    }
  }

  fileprivate func map(of slice: AddressSpace.Slice) -> AddressSpace.MapRequest {
    let skipped = slice.range.first.rawValue - slice.area.range.first.rawValue
    return AddressSpace.MapRequest(
      memory: .pages(slice.area.pages, offset: slice.area.byteOffset + skipped), iova: nil,
      length: slice.range.last.rawValue - slice.range.first.rawValue + 1,
      protection: protection(slice.area))
  }
}
