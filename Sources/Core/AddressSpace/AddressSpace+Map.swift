// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension AddressSpace {
  /// One mapping to make.
  package struct MapRequest: Sendable {
    package enum Memory: Sendable {
      /// A new pages object over bytes from `offset` on.
      case origin(any Origin, offset: UInt64, writable: Bool, account: any PinAccount)
      /// Bytes from `offset` on of a pages object that another area shows.
      case pages(Pages, offset: UInt64)
    }

    package var memory: Memory
    /// Nil: the space chooses.
    package var iova: IOVA?
    /// Bytes.
    package var length: UInt64
    package var protection: Protection

    package init(memory: Memory, iova: IOVA?, length: UInt64, protection: Protection) {
      self.memory = memory
      self.iova = iova
      self.length = length
      self.protection = protection
    }
  }

  /// Maps all `requests` or nothing and answers their IOVAs: reserve, fill, publish. The areas translate in every
  /// domain before anybody can find them.
  ///
  /// O(log areas) for each, and O(runs) for each domain.
  /// - Throws: ``Refusal/emptyRange``, `overflow`, `noRights`, `readOnly`, `pastEnd`, `misaligned`, `unusable`,
  ///   `occupied`, `noRoom`, `pinLimit`, `tableMemory`, and what the origin refuses.
  package func map(_ requests: [MapRequest], _ waiting: Waiting = .wait) throws(Refusal) -> [IOVA] {
    try acquireDomainsShared(waiting)
    defer { domainsLock.unlock() }
    if waiting == .tryOnly { try checkQuick(requests) }
    try acquireIOVAs(waiting)
    let areas: ShortList<Area>
    do throws(Refusal) {
      areas = try reserve(requests)
    } catch {
      iovaLock.unlock()
      throw error
    }
    iovaLock.unlock()
    try publish(areas, waiting)
    return areas.map(\.range.first)
  }

  /// Fills reserved `areas` into every domain and lets others find them; takes them out again where that fails. The
  /// domain list is held since before they were reserved.
  func publish(_ areas: ShortList<Area>, _ waiting: Waiting) throws(Refusal) {
    // Without domains there was nothing to fill, and the areas were live at once.
    if attached.isEmpty { return }
    do throws(Refusal) {
      try fill(areas, waiting)
    } catch {
      iovaLock.lock()
      for area in areas { remove(area) }
      iovaLock.unlock()
      throw error
    }
    iovaLock.lock()
    for area in areas { area.state = .live }
    iovaLock.unlock()
  }

  private static func slice(for request: MapRequest) throws(Refusal) -> (pages: Pages, offset: UInt64) {
    guard !request.protection.isEmpty else { throw .noRights }
    switch request.memory {
    case .origin(let origin, let offset, let writable, let account):
      if request.protection.contains(.write), !writable { throw .readOnly }
      let pages = try Pages(
        origin: origin, offset: offset, length: request.length, writable: writable, account: account)
      return (pages, offset & Page.offsetMask)
    case .pages(let pages, let offset):
      if request.protection.contains(.write), !pages.writable { throw .readOnly }
      let size = pages.count << Page.shift
      guard request.length > 0 else { throw .emptyRange }
      guard offset < size, size - offset >= request.length else {
        throw .pastEnd(offset: offset, length: request.length, size: size)
      }
      return (pages, offset)
    }
  }

  /// A try-only call leaves what fills or sets up much to a thread that may take its time.
  func checkQuick(_ requests: [MapRequest]) throws(Refusal) {
    guard requests.count <= Quick.areas else { throw .contended }
    guard !attached.isEmpty else { return }
    var pages: UInt64 = 0
    for request in requests {
      pages += request.length >> Page.shift
      guard pages <= Quick.pages, Self.isQuick(request) else { throw .contended }
    }
  }

  private static func isQuick(_ request: MapRequest) -> Bool {
    // What is no good is refused before anything is pinned.
    guard case .origin(let origin, let offset, _, _) = request.memory, request.length > 0,
      offset < origin.size, request.length <= origin.size - offset
    else { return true }
    return origin.isQuick(
      IndexRange(offset >> Page.shift, through: (offset + (request.length - 1)) >> Page.shift))
  }

  /// Takes the IOVAs of all requests, or of none. Both locks are held.
  ///
  /// - Parameter isTrial: says what would happen: the areas are taken out again, and nobody was charged.
  func reserve(_ requests: [MapRequest], isTrial: Bool = false) throws(Refusal) -> ShortList<Area> {
    var areas = ShortList<Area>()
    for position in requests.indices {
      do throws(Refusal) {
        let slice = try Self.slice(for: requests[position])
        let range = try range(for: requests[position], offset: slice.offset)
        let area = Area(
          range: range, pages: slice.pages, byteOffset: slice.offset,
          protection: requests[position].protection, state: attached.isEmpty ? .live : .settingUp)
        try insert(area, isTrial: isTrial)
        areas.append(area)
      } catch {
        for area in areas { remove(area, isTrial: isTrial) }
        throw error
      }
    }
    if isTrial { for area in areas { remove(area, isTrial: true) } }
    return areas
  }

  private func range(for request: MapRequest, offset: UInt64) throws(Refusal) -> IOVARange {
    let alignment = self.alignment
    if request.length & (alignment - 1) != 0 {
      throw .misaligned(.length, value: request.length, alignment: alignment)
    }
    if offset & (min(alignment, Page.size) - 1) != 0 {
      throw .misaligned(.offset, value: askedOffset(request), alignment: alignment)
    }
    guard let iova = request.iova else {
      let iova = try chooseIOVA(length: request.length, offset: sourceOffset(request))
      return IOVARange(iova, through: IOVA(iova.rawValue + (request.length - 1)))
    }
    if iova.rawValue & (alignment - 1) != 0 {
      throw .misaligned(.iova, value: iova.rawValue, alignment: alignment)
    }
    guard let range = IOVARange(first: iova, length: request.length) else {
      throw .overflow(start: iova.rawValue, length: request.length)
    }
    guard limits.allows(range) else { throw .unusable(range) }
    if let area = anyArea(in: range) { throw .occupied(area.range) }
    return range
  }

  func sourceOffset(_ request: MapRequest) -> UInt64 {
    switch request.memory {
    case .origin(_, let offset, _, _): offset
    case .pages(let pages, let offset): pages.firstInOrigin << Page.shift + offset
    }
  }

  /// As the caller gave it.
  private func askedOffset(_ request: MapRequest) -> UInt64 {
    switch request.memory {
    case .origin(_, let offset, _, _), .pages(_, let offset): offset
    }
  }

  /// Fills all `areas` into every domain, or none of them.
  private func fill(_ areas: ShortList<Area>, _ waiting: Waiting) throws(Refusal) {
    let held = waiting == .tryOnly ? try tryLockPages(of: areas) : []
    defer { for pages in held { pages.lock.unlock() } }
    let targets = attached
    let filling = filling
    for position in areas.indices {
      let area = areas[position]
      do throws(Refusal) {
        try withPages(area.pages, waiting) { () throws(Refusal) in
          try area.pages.fill(area, into: targets, filling)
        }
      } catch {
        for filled in areas.prefix(position) {
          withPages(filled.pages, waiting) { filled.pages.unfill(filled, from: attached) }
        }
        throw error
      }
    }
  }
}
