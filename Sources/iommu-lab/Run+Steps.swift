// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

extension Run {
  /// - Throws: ``Refusal`` from the engine, or ``LabError``.
  func perform(_ step: Step) throws {
    switch step {
    case .ioas(let name): spaces[name] = LabSpace(name, batchLimit: settings.batchLimit)
    case .origin(let name, let pages): origins[name] = CountingOrigin(try makeOrigin(pages), bench)
    case .domain(let ioas, let name, let format): try addDomain(try space(ioas), name, format)
    case .undomain(let ioas, let name): try removeDomain(try space(ioas), name)
    case .map(let ioas, let iova, let origin, let start, let pages, let readOnly):
      try map(
        try space(ioas), try self.origin(origin), start: start, pages: pages, at: iova,
        readOnly ? .read : [.read, .write])
    case .unmap(let ioas, let iova, let pages): try unmap(try space(ioas), iova, pages)
    case .copy(let from, let source, let pages, let to, let target):
      try copy(try space(from), Self.range(source, pages), to: try space(to), at: target)
    case .pin(let ioas, let iova, let pages): try pin(try space(ioas), Self.range(iova, pages))
    case .unpin(let ioas, let iova, let pages): try unpin(try space(ioas), Self.range(iova, pages))
    case .read(let ioas, let iova, let bytes): try read(try space(ioas), iova, bytes)
    case .write(let ioas, let iova, let bytes): try write(try space(ioas), iova, bytes)
    case .mapMany(let ioas, let series, let origin, let start):
      try mapMany(try space(ioas), series, try self.origin(origin), start)
    case .unmapMany(let ioas, let series): try unmapMany(try space(ioas), series)
    case .alloc(let ioas, let origin, let pages, let count):
      try alloc(try space(ioas), try self.origin(origin), pages, count)
    case .free(let ioas):
      let space = try space(ioas)
      _ = try engine { () throws(Refusal) in try space.space.unmapAll() }
      space.areas = [:]
    case .hugePages(let ioas, let isOn):
      let space = try space(ioas)
      try engine { () throws(Refusal) in try space.space.setHugePages(isOn) }
    case .unpinOnUnmap: unpinsOnUnmap = true
    case .fail(.pin, let calls): bench.state.pinFailure.start(calls)
    case .fail(.map, let calls): bench.state.mapFailure.start(calls)
    case .fail(.charge, let calls): bench.state.chargeFailure.start(calls)
    case .check: try check()
    }
  }

  static func range(_ iova: IOVA, _ pages: UInt64) throws(Refusal) -> IOVARange {
    let (bytes, overflow) = pages.multipliedReportingOverflow(by: Page.size)
    guard pages > 0 else { throw .emptyRange }
    guard !overflow, let range = IOVARange(first: iova, length: bytes) else {
      throw .overflow(start: iova.rawValue, length: bytes)
    }
    return range
  }

  private func makeOrigin(_ pages: UInt64) throws -> any LabOrigin {
    if settings.layout == .physical { return try PhysicalOrigin(pages: pages) }
    return SyntheticOrigin(pages: pages, layout: settings.layout, number: UInt64(origins.count))
  }

  // MARK: Domains

  private func addDomain(_ space: LabSpace, _ name: String, _ format: Step.Format) throws {
    if !space.areas.isEmpty, format == .null || space.hasNullDomain {
      throw LabError("a null domain remembers no frames: domains come before the first map")
    }
    let inner: any Domain =
      switch format {
      case .flat: try FlatDomain(pool: settings.flatChunks)
      case .vtd: try VTDDomain(pool: settings.tablePages)
      case .null: NullDomain()
      }
    let domain = CountingDomain(inner, bench)
    try engine { () throws(Refusal) in try space.space.attach(domain) }
    space.domains.append((name, domain))
  }

  private func removeDomain(_ space: LabSpace, _ name: String) throws {
    // A domain that was refused never joined.
    guard let position = space.domains.firstIndex(where: { $0.name == name }) else {
      throw Refusal.noSuchObject(0)
    }
    let domain = space.domains[position].domain
    try engine { () throws(Refusal) in try space.space.detach(domain) }
    space.domains.remove(at: position)
  }

  // MARK: Maps

  private func map(
    _ space: LabSpace, _ origin: CountingOrigin, start: UInt64, pages: UInt64, at iova: IOVA?,
    _ protection: Protection
  ) throws(Refusal) {
    // Numbers that overflow are far past the end of any origin.
    let offset = start.multipliedReportingOverflow(by: Page.size)
    let length = pages.multipliedReportingOverflow(by: Page.size)
    guard !offset.overflow, !length.overflow else { throw .overflow(start: start, length: pages) }
    let account = account
    let iovas = try engine { () throws(Refusal) in
      try space.space.map([
        AddressSpace.MapRequest(
          memory: .origin(origin, offset: offset.partialValue, writable: true, account: account),
          iova: iova, length: length.partialValue, protection: protection)
      ])
    }
    for iova in iovas {
      let range = IOVARange(iova, through: IOVA(iova.rawValue + (length.partialValue - 1)))
      space.areas[iova.rawValue] = LabSpace.Area(
        range: range, origin: origin, offset: offset.partialValue, protection: protection)
    }
  }

  private func unmap(_ space: LabSpace, _ iova: IOVA, _ pages: UInt64) throws(Refusal) {
    let range = try Self.range(iova, pages)
    if unpinsOnUnmap { try unpinAll(in: range, of: space) }
    _ = try engine { () throws(Refusal) in try space.space.unmap([range]) }
    for (first, area) in space.areas where range.contains(area.range) { space.areas[first] = nil }
  }

  /// What an access does that lets its pins go when an unmap asks for it.
  private func unpinAll(in range: IOVARange, of space: LabSpace) throws(Refusal) {
    for area in space.areas.values where range.contains(area.range) {
      while let pin = space.pins.last(where: { $0.range.overlaps(area.range) }) {
        try unpin(space, pin.range)
      }
    }
  }

  private func copy(
    _ space: LabSpace, _ source: IOVARange, to target: LabSpace, at iova: IOVA
  ) throws {
    if space.hasNullDomain || target.hasNullDomain {
      throw LabError("a null domain remembers no frames: nothing can be copied")
    }
    let copies = try engine { () throws(Refusal) in
      try target.space.copy(.init(source: source, iova: iova), from: space.space)
    }
    var position = source.first.rawValue
    for copy in copies {
      guard let known = space.areas.values.first(where: { $0.range.contains(IOVA(position)) }) else {
        throw LabError(
          "`\(space.name)` has copied an area at \(IOVA(position)) that the script does not imply")
      }
      target.areas[copy.range.first.rawValue] = LabSpace.Area(
        range: copy.range, origin: known.origin,
        offset: known.offset + (position - known.range.first.rawValue), protection: known.protection)
      position &+= copy.range.last.rawValue - copy.range.first.rawValue + 1
    }
  }

  // MARK: Pins

  private func pin(_ space: LabSpace, _ range: IOVARange) throws {
    if space.hasNullDomain { throw LabError("a null domain remembers no frames: nothing can be pinned") }
    let write = space.space.area(at: range.first)?.protection.contains(.write) ?? true
    let pin = try engine { () throws(Refusal) in
      try space.theAccess().pin(range, write: write)
    }
    space.pins.append(LabSpace.Pin(id: pin.id, range: range))
  }

  private func unpin(_ space: LabSpace, _ range: IOVARange) throws(Refusal) {
    guard let pin = space.takePin(range), let access = space.access else { throw .noSuchPin(0) }
    try engine { () throws(Refusal) in try access.unpin(pin.id) }
  }
}
