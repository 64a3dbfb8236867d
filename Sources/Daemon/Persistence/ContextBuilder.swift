// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Makes a context of what its log says. It belongs to one thread at a time: a worker does the main part, and nobody
/// else knows the context before that is done.
final class ContextBuilder: @unchecked Sendable {
  let context: Context
  let log: StateLog
  let saved: SavedContext
  /// What the service manager kept, by its number; what is missing is lost.
  private var kept: [StoreNumber: [OwnedFile]]
  /// Bus frames, by the lowest of them.
  private var ranges: [PFN: FrameRange] = [:]
  /// Others know the context, or it is taken down.
  var isHandedOver = false
  private let frames: FrameAllocator
  private let pagemap: Pagemap?
  private let quotas: Quotas
  let restored: Restored
  /// The pages object over which the daemon before this one was killed.
  let newlyQuarantined: ObjectID?
  private(set) var areas = 0
  /// Memory whose descriptor is not there, or not what it was.
  private(set) var lost = 0

  /// A descriptor on its way to the worker.
  final class OwnedFile {
    private var descriptor: OwnedDescriptor?
    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = consume descriptor }
    func take() -> OwnedDescriptor? { descriptor.take() }
  }

  /// What is special about a context of which `log` says `saved`.
  static func restored(_ log: StateLog, _ saved: SavedContext) -> Restored {
    Restored(quarantined: saved.quarantined.union(lastPinned(log, saved).map { [$0] } ?? []))
  }

  private static func lastPinned(_ log: StateLog, _ saved: SavedContext) -> ObjectID? {
    ObjectID(log.repinning).flatMap { saved.pages[$0] == nil ? nil : $0 }
  }

  init(
    _ context: Context, _ restored: Restored, _ log: StateLog, _ saved: SavedContext,
    kept: [StoreNumber: [OwnedFile]],
    _ contexts: Contexts
  ) {
    self.context = context
    self.log = log
    self.saved = saved
    self.kept = kept
    frames = contexts.frames
    pagemap = contexts.pagemap
    quotas = contexts.quotas
    newlyQuarantined = Self.lastPinned(log, saved)
    self.restored = restored
  }

  /// The daemon may end in the middle of it.
  deinit { if !isHandedOver { Teardown(of: context).run() } }

  /// Builds everything. What is there when it throws has to be taken down.
  func run() throws(LogFault) {
    if let newlyQuarantined, log.append(.quarantined(newlyQuarantined, true)) { log.commit() }
    log.repinning = 0
    context.begin(at: saved.upcoming)
    do throws(Refusal) {
      let steps: [() throws(Refusal) -> Void] = [
        makeMemory, makeSpaces, makeTables, makeDevices, makeAccesses,
      ]
      for step in steps {
        try step()
        FaultPoint.reached("building")
      }
    } catch {
      throw .corrupt(at: log.used)
    }
    restored.isUnderWay = false
  }

  private func take(_ entry: Entry, _ id: ObjectID) throws(Refusal) {
    guard context.restore(entry, named: id) else { throw .noSuchObject(id.rawValue) }
  }

  // MARK: Memory

  private func makeMemory() throws(Refusal) {
    for saved in saved.memories.values {
      let memory = HeldMemory(id: saved.id, kind: saved.kind, account: context.account)
      var known: UInt64 = 0
      for descriptor in saved.descriptors {
        let price = HeldMemory.Price(
          descriptors: SourceFinder.descriptors, bytes: descriptor.size - min(descriptor.size, known))
        known = max(known, descriptor.size)
        price.book(to: context.account)
        let range = range(of: descriptor)
        let origin = origin(descriptor, range)
        memory.take(origin, range, price, descriptor)
      }
      memory.restore(saved, prepaidBy: saved.prepaid.map(account))
      try take(.memory(memory), saved.id)
    }
  }

  private func origin(_ kept: SavedMemory.Descriptor, _ range: FrameRange?) -> any MemoryOrigin {
    guard let descriptor = self.kept[kept.store]?.popLast()?.take(),
      var facts = try? MemfdFacts(of: descriptor), let frames = frames(range)
    else {
      lost += 1
      return LostOrigin(size: kept.size, writable: true)
    }
    // A file that is shorter now is met as one that becomes shorter: where nothing is left nothing is pinned. What it
    // has grown is nobody's business until it comes again.
    facts.size = kept.size
    let file = MemfdFile(
      kept: descriptor, facts, isOwn: kept.isOwn, advisesHuge: kept.advisesHuge)
    return MemfdOrigin(file, frames: frames)
  }

  private func range(of kept: SavedMemory.Descriptor) -> FrameRange? {
    guard let base = kept.frameBase else { return nil }
    if let known = ranges[base] { return known }
    let range = FrameRange(
      restoring: base, capacity: kept.frameBytes, in: frames,
      scattered: context.options.frames == .fragmented)
    ranges[base] = range
    return range
  }

  private func frames(_ range: FrameRange?) -> Frames? {
    if let range { return .bus(range) }
    guard context.options.frames == .physical, let pagemap else { return nil }
    return .machine(MachineFrames(pagemap))
  }

  private func account(_ payer: SavedPayer) -> Account {
    switch payer {
    case .user(let uid): quotas.account(of: uid)
    case .process(let uid, let pid): quotas.account(of: uid, process: pid)
    }
  }

  // MARK: Spaces

  private func makeSpaces() throws(Refusal) {
    var pages: [ObjectID: Pages] = [:]
    for saved in saved.spaces.values.sorted(by: { $0.id < $1.id }) {
      let space = HeldSpace(id: saved.id, space: AddressSpace(), isAdvisory: saved.isAdvisory)
      // From here on it is taken down with the context.
      try take(.ioas(space), saved.id)
      let areas = self.saved.areas(of: saved.id)
      var requests: [AddressSpace.MapRequest] = []
      requests.reserveCapacity(areas.count)
      for area in areas {
        requests.append(
          AddressSpace.MapRequest(
            memory: .pages(
              try self.pages(area.pages, &pages), offset: area.byteOffset),
            iova: area.range.first, length: area.range.last.rawValue - area.range.first.rawValue + 1,
            protection: area.protection))
      }
      if !requests.isEmpty { _ = try space.space.map(requests) }
      for area in areas { try note(area) }
      self.areas += areas.count
      if !saved.hugePages { try space.space.setHugePages(false) }
      if !saved.reserved.isEmpty { try space.space.reserve(saved.reserved) }
      if !saved.allowed.isEmpty { try space.space.allow(saved.allowed) }
    }
  }

  private func note(_ area: SavedArea) throws(Refusal) {
    let place = Place(space: area.ioas, iova: area.range.first)
    guard context.objects[area.pages] == nil else { return context.restoreCopy(area.pages, at: place) }
    guard let memory = saved.pages[area.pages]?.memory else { throw .noSuchObject(area.pages.rawValue) }
    try take(.pages(SliceInfo(memory: memory, place: place)), area.pages)
    context.memories[memory]?.uses += 1
  }

  private func pages(_ id: ObjectID, _ made: inout [ObjectID: Pages]) throws(Refusal) -> Pages {
    if let pages = made[id] { return pages }
    guard let saved = saved.pages[id], let memory = context.memories[saved.memory] else {
      throw .noSuchObject(id.rawValue)
    }
    let (end, overflows) = saved.offset.addingReportingOverflow(saved.length)
    guard !overflows else { throw .noSuchObject(id.rawValue) }
    // Somebody may have sealed the file against writing while there was no daemon.
    var origin: any MemoryOrigin =
      memory.origin(write: saved.writable, upTo: end) ?? LostOrigin(size: end, writable: true)
    if saved.isAdvisory, let file = origin as? MemfdOrigin, let advisory = AdvisoryOrigin(file) {
      origin = advisory
    }
    let slice = Slice(
      id, memory: saved.memory, account: context.account, payer: saved.payer.map(account),
      retired: context.retired, restored: restored)
    let pages = try Pages(
      origin: origin, offset: saved.offset, length: saved.length, writable: saved.writable, account: slice)
    made[id] = pages
    return pages
  }

  // MARK: What stands on spaces

  private func makeTables() throws(Refusal) {
    for saved in saved.tables.values {
      guard let space = context.spaces[saved.ioas] else { throw .noSuchObject(saved.ioas.rawValue) }
      let log = log
      let table = try context.tables.restore(
        saved.shape, in: space.space, isAutomatic: saved.isAutomatic, canTrack: saved.canTrack,
        isTracking: saved.isTracking
      ) { account in
        log.repinning = (account as? Slice)?.id?.rawValue ?? 0
        if account != nil { FaultPoint.reached("repinning") }
      }
      let held = HeldTable(id: saved.id, table: table, space: space, account: context.account)
      space.tables.append(held)
      try take(.hwpt(held), saved.id)
    }
  }

  private func makeDevices() throws(Refusal) {
    for saved in saved.devices.values {
      let device = HeldDevice(id: saved.id, device: Device(saved.profile))
      try take(.device(device), saved.id)
      guard let id = saved.table else { continue }
      guard case .hwpt(let table)? = context.objects[id] else { throw .noSuchObject(id.rawValue) }
      if table.table.isAutomatic {
        _ = try context.tables.attach(device.device, to: table.space.space)
      } else {
        _ = try context.tables.attach(device.device, to: table.table)
      }
      guard device.device.table === table.table else { throw .noSuchObject(id.rawValue) }
      device.table = table
      table.devices += 1
    }
    // An automatic table that no device stands on was on its way out.
    for table in context.pageTables.values where table.table.isAutomatic && table.devices == 0 {
      throw .noSuchObject(table.id.rawValue)
    }
  }

  private func makeAccesses() throws(Refusal) {
    for saved in saved.accesses.values {
      guard let space = context.spaces[saved.ioas] else { throw .noSuchObject(saved.ioas.rawValue) }
      let access = try Access(space.space, pins: saved.pins)
      space.accesses += 1
      try take(
        .access(
          HeldAccess(
            id: saved.id, access: access, space: space, pins: saved.pins, account: context.account,
            census: context.census)), saved.id)
    }
  }
}
