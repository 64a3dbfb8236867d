// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// How changes stand in a log. What is here is read by later versions of the daemon: numbers are never given to
/// something else, and whatever is changed takes a new version of the log (``StateLog/version``).
extension Change {
  private enum Tag: UInt8 {
    case context = 1, ioas, device, table, access, memory, pages, area, gone, unmapped, quarantined, answer
  }

  package func write(to log: inout LogWriter) {
    switch self {
    case .context(let options):
      log.byte(Tag.context.rawValue)
      log.byte(Self.number(of: options.frames, in: Self.layouts))
      log.byte(Self.number(of: options.rlimitMode, in: Self.modes))
      log.id(options.upcoming)
    case .ioas(let ioas):
      log.byte(Tag.ioas.rawValue)
      log.id(ioas.id)
      log.flag(ioas.isAdvisory)
      log.flag(ioas.hugePages)
      log.ranges(ioas.allowed)
      log.ranges(ioas.reserved)
    case .device(let device):
      log.byte(Tag.device.rawValue)
      log.id(device.id)
      log.number(device.table?.rawValue ?? 0)
      log.text(device.profile.name)
      Self.write(device.profile.shape, to: &log)
      log.ranges(device.profile.reserved)
      log.flag(device.profile.dirtyTracking)
    case .table(let table):
      log.byte(Tag.table.rawValue)
      log.id(table.id)
      log.id(table.ioas)
      Self.write(table.shape, to: &log)
      log.flag(table.isAutomatic)
      log.flag(table.canTrack)
      log.flag(table.isTracking)
    case .access(let access):
      log.byte(Tag.access.rawValue)
      log.id(access.id)
      log.id(access.ioas)
      log.flag(access.pins)
    case .memory(let memory):
      log.byte(Tag.memory.rawValue)
      memory.write(to: &log)
    case .pages(let pages):
      log.byte(Tag.pages.rawValue)
      log.id(pages.id)
      log.id(pages.memory)
      log.number(pages.offset)
      log.number(pages.length)
      log.flag(pages.writable)
      log.flag(pages.isAdvisory)
      Self.write(pages.payer, to: &log)
    case .area(let area):
      log.byte(Tag.area.rawValue)
      log.id(area.ioas)
      log.range(area.range)
      log.id(area.pages)
      log.number(area.byteOffset)
      log.byte(area.protection.rawValue)
    case .gone(let id):
      log.byte(Tag.gone.rawValue)
      log.id(id)
    case .unmapped(let ioas, let range):
      log.byte(Tag.unmapped.rawValue)
      log.id(ioas)
      log.range(range)
    case .quarantined(let pages, let isQuarantined):
      log.byte(Tag.quarantined.rawValue)
      log.id(pages)
      log.flag(isQuarantined)
    case .answer(let answer):
      log.byte(Tag.answer.rawValue)
      log.text(answer.token)
      log.text(answer.key)
      log.number(answer.digest)
      log.bytes(answer.result)
      log.number(UInt64(answer.memories.count))
      for id in answer.memories { log.id(id) }
    }
  }

  package init(from log: inout LogReader) throws(LogCorruption) {
    guard let tag = Tag(rawValue: try log.byte()) else { throw LogCorruption() }
    switch tag {
    case .context:
      var options = SavedOptions()
      options.frames = try Self.value(try log.byte(), in: Self.layouts)
      options.rlimitMode = try Self.value(try log.byte(), in: Self.modes)
      options.upcoming = try log.id()
      self = .context(options)
    case .ioas:
      var ioas = SavedIOAS(id: try log.id())
      ioas.isAdvisory = try log.flag()
      ioas.hugePages = try log.flag()
      ioas.allowed = try log.ranges()
      ioas.reserved = try log.ranges()
      self = .ioas(ioas)
    case .device:
      let (id, table) = (try log.id(), try log.optionalID())
      let name = try log.text()
      let shape = try Self.shape(from: &log)
      let reserved = try log.ranges()
      let profile = DeviceProfile(
        name: name, shape: shape, reserved: reserved, dirtyTracking: try log.flag())
      self = .device(SavedDevice(id: id, profile: profile, table: table))
    case .table:
      let (id, ioas) = (try log.id(), try log.id())
      var table = SavedTable(id: id, ioas: ioas, shape: try Self.shape(from: &log))
      table.isAutomatic = try log.flag()
      table.canTrack = try log.flag()
      table.isTracking = try log.flag()
      self = .table(table)
    case .access:
      self = .access(SavedAccess(id: try log.id(), ioas: try log.id(), pins: try log.flag()))
    case .memory:
      self = .memory(try SavedMemory(from: &log))
    case .pages:
      self = .pages(
        SavedPages(
          id: try log.id(), memory: try log.id(), offset: try log.number(), length: try log.number(),
          writable: try log.flag(), isAdvisory: try log.flag(), payer: try Self.payer(from: &log)))
    case .area:
      let (ioas, range) = (try log.id(), try log.range())
      let (pages, offset) = (try log.id(), try log.number())
      let protection = Protection(rawValue: try log.byte())
      guard !protection.isEmpty, protection.isSubset(of: [.read, .write]) else { throw LogCorruption() }
      self = .area(
        SavedArea(ioas: ioas, range: range, pages: pages, byteOffset: offset, protection: protection))
    case .gone:
      self = .gone(try log.id())
    case .unmapped:
      self = .unmapped(try log.id(), try log.range())
    case .quarantined:
      self = .quarantined(try log.id(), try log.flag())
    case .answer:
      let (token, key) = (try log.text(), try log.text())
      let (digest, result) = (try log.number(), try log.bytes())
      var memories: [ObjectID] = []
      for _ in 0..<(try log.count(of: 1)) { memories.append(try log.id()) }
      self = .answer(
        SavedAnswer(token: token, key: key, digest: digest, result: result, memories: memories))
    }
  }

  // MARK: Parts

  // A value's number is its place in these lists.
  private static let layouts: [FrameLayout] = [.bus, .fragmented, .physical]
  private static let modes: [RlimitMode] = [.user, .process]
  private static let formats: [IommuCore.TableFormat] = [.vtd, .flat]
  fileprivate static let kinds: [Source.Kind] = [.fd, .new, .memory, .process]

  fileprivate static func number<T: Equatable>(of value: T, in list: [T]) -> UInt8 {
    UInt8(list.firstIndex(of: value) ?? 0)
  }

  fileprivate static func value<T>(_ number: UInt8, in list: [T]) throws(LogCorruption) -> T {
    guard Int(number) < list.count else { throw LogCorruption() }
    return list[Int(number)]
  }

  private static func write(_ shape: TableShape, to log: inout LogWriter) {
    log.byte(number(of: shape.format, in: formats))
    log.number(shape.pageSizes.rawValue)
    log.range(shape.aperture)
  }

  private static func shape(from log: inout LogReader) throws(LogCorruption) -> TableShape {
    let format = try value(try log.byte(), in: formats)
    let sizes = PageSizes(rawValue: try log.number())
    let shape = TableShape(format: format, pageSizes: sizes, aperture: try log.range())
    guard (try? shape.check()) != nil else { throw LogCorruption() }
    return shape
  }

  fileprivate static func write(_ payer: SavedPayer?, to log: inout LogWriter) {
    switch payer {
    case nil:
      log.byte(0)
    case .user(let uid):
      log.byte(1)
      log.number(uid)
    case .process(let uid, let pid):
      log.byte(2)
      log.number(uid)
      log.number(UInt32(bitPattern: pid))
    }
  }

  fileprivate static func payer(from log: inout LogReader) throws(LogCorruption) -> SavedPayer? {
    switch try log.byte() {
    case 0: nil
    case 1: .user(try log.number32())
    case 2: .process(try log.number32(), pid: Int32(bitPattern: try log.number32()))
    default: throw LogCorruption()
    }
  }
}

extension SavedMemory {
  fileprivate func write(to log: inout LogWriter) {
    log.id(id)
    log.byte(Change.number(of: kind, in: Change.kinds))
    log.number(UInt64(descriptors.count))
    for descriptor in descriptors {
      log.number(descriptor.store)
      log.flag(descriptor.isOwn)
      log.flag(descriptor.advisesHuge)
      log.number(descriptor.size)
      log.flag(descriptor.frameBase != nil)
      if let base = descriptor.frameBase { log.number(base.rawValue) }
      log.number(descriptor.frameBytes)
    }
    log.number(UInt64(suppliers.count))
    for supplier in suppliers {
      log.number(supplier.uid)
      log.flag(supplier.write)
    }
    log.byte(shared.map { $0 ? 2 : 1 } ?? 0)
    Change.write(prepaid, to: &log)
    log.number(prepaidBytes)
  }

  fileprivate init(from log: inout LogReader) throws(LogCorruption) {
    self.init(id: try log.id(), kind: try Change.value(try log.byte(), in: Change.kinds))
    for _ in 0..<(try log.count(of: 6)) {
      var descriptor = Descriptor(
        store: try log.number32(), isOwn: try log.flag(), advisesHuge: try log.flag(),
        size: try log.number())
      descriptor.frameBase = try log.flag() ? PFN(try log.number()) : nil
      descriptor.frameBytes = try log.number()
      descriptors.append(descriptor)
    }
    for _ in 0..<(try log.count(of: 2)) {
      suppliers.append(Supplier(uid: try log.number32(), write: try log.flag()))
    }
    shared = try Change.value(try log.byte(), in: [nil, false, true])
    prepaid = try Change.payer(from: &log)
    prepaidBytes = try log.number()
  }
}
