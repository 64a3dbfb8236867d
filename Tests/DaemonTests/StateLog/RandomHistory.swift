// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuDaemon
import IommuWire

/// Changes as a context makes them: what they name is there, and nothing goes that something else names.
struct RandomHistory {
  private var random: SplitMix
  /// What all changes up to now come to, without those that go without saying.
  private(set) var state = SavedContext()
  private var last: UInt32 = 0

  init(seed: UInt64) { random = SplitMix(seed: seed) }

  /// What a log has to come to.
  var facts: SavedFacts {
    var swept = state
    swept.sweep()
    return SavedFacts(swept)
  }

  /// The changes that one request makes.
  mutating func next() -> [Change] {
    let changes = make()
    for change in changes { state.apply(change) }
    return changes
  }

  /// Anything at all, whether or not it fits what is there.
  mutating func anyChange() -> Change {
    let ids = (0..<4).map { _ in ObjectID(UInt32(truncatingIfNeeded: number()) | 1) ?? .first }
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return .context(options(ids[0]))
    case 1: return .ioas(space(ids[0]))
    case 2: return .device(device(ids[0], table: flag() ? ids[1] : nil))
    case 3: return .table(table(ids[0], of: ids[1]))
    case 4: return .access(SavedAccess(id: ids[0], ioas: ids[1], pins: flag()))
    case 5: return .memory(memory(ids[0]))
    case 6: return .pages(pages(ids[0], of: ids[1]))
    case 7:
      let protection: [Protection] = [.read, .write, [.read, .write]]
      return .area(
        SavedArea(
          ioas: ids[0], range: range(), pages: ids[1], byteOffset: number(),
          protection: protection.randomElement(using: &random) ?? .read))
    case 8: return .gone(ids[0])
    case 9: return .unmapped(ids[0], range())
    case 10: return .quarantined(ids[0], flag())
    default: return .answer(answer(ids))
    }
  }

  // MARK: Requests

  private mutating func make() -> [Change] {
    let spaces = state.spaces.keys.sorted()
    guard let space = spaces.randomElement(using: &random) else { return [.ioas(self.space(id()))] }
    switch Int.random(in: 0..<16, using: &random) {
    case 0: return [.ioas(self.space(spaces.count < 4 ? id() : space))]
    case 1: return [.context(options(id()))]
    case 2:
      let table = table(id(), of: space)
      return [.table(table), .device(device(id(), table: flag() ? table.id : nil))]
    case 3: return [.access(SavedAccess(id: id(), ioas: space, pins: flag()))]
    case 4: return leaving()
    case 5, 6: return [.unmapped(space, place(pages: 64))]
    case 7:
      guard let pages = state.pages.keys.sorted().randomElement(using: &random) else { return [] }
      return [.quarantined(pages, flag())]
    case 8: return [.answer(answer(spaces))]
    default: return map(into: space)
    }
  }

  private mutating func map(into space: ObjectID) -> [Change] {
    let (memory, place) = (memory(id()), place(pages: 16))
    var pages = pages(id(), of: memory.id)
    pages.offset = 4096 * UInt64.random(in: 0..<8, using: &random)
    pages.length =
      place.last.rawValue - place.first.rawValue + 1 + 4096 * UInt64.random(in: 0..<8, using: &random)
    pages.writable = true
    let area = SavedArea(
      ioas: space, range: place, pages: pages.id, byteOffset: 0, protection: flag() ? .read : [.read, .write])
    let answer = flag() ? [Change.answer(answer([memory.id]))] : []
    return [.memory(memory), .pages(pages), .area(area)] + answer
  }

  /// Something that nothing else names goes.
  private mutating func leaving() -> [Change] {
    let used = state.devices.values.compactMap(\.table)
    let needed = state.tables.values.map(\.ioas) + state.accesses.values.map(\.ioas)
    let free =
      state.devices.keys.sorted() + state.accesses.keys.sorted()
      + state.tables.keys.sorted().filter { !used.contains($0) }
      + state.spaces.keys.sorted().filter { !needed.contains($0) }
    return free.randomElement(using: &random).map { [.gone($0)] } ?? []
  }

  // MARK: Things

  private mutating func options(_ upcoming: ObjectID) -> SavedOptions {
    var options = SavedOptions()
    options.frames = FrameLayout.allCases.randomElement(using: &random) ?? .bus
    options.rlimitMode = flag() ? .user : .process
    options.upcoming = upcoming
    return options
  }

  private mutating func space(_ id: ObjectID) -> SavedIOAS {
    var space = SavedIOAS(id: id)
    space.isAdvisory = flag()
    space.hugePages = flag()
    space.allowed = (0..<small()).map { _ in range() }
    space.reserved = (0..<small()).map { _ in range() }
    return space
  }

  private mutating func device(_ id: ObjectID, table: ObjectID?) -> SavedDevice {
    let profile = DeviceProfile(
      name: text(), shape: shape(), reserved: (0..<small()).map { _ in range() }, dirtyTracking: flag())
    return SavedDevice(id: id, profile: profile, table: table)
  }

  private mutating func table(_ id: ObjectID, of space: ObjectID) -> SavedTable {
    var table = SavedTable(id: id, ioas: space, shape: shape())
    table.isAutomatic = flag()
    table.canTrack = flag()
    table.isTracking = flag()
    return table
  }

  private mutating func memory(_ id: ObjectID) -> SavedMemory {
    let kinds: [Source.Kind] = [.fd, .new, .memory, .process]
    var memory = SavedMemory(id: id, kind: kinds.randomElement(using: &random) ?? .new)
    for _ in 0..<small() {
      var descriptor = SavedMemory.Descriptor(
        store: UInt32(truncatingIfNeeded: number()), isOwn: flag(), advisesHuge: flag(), size: number())
      if flag() { descriptor.frameBase = PFN(number()) }
      descriptor.frameBytes = number()
      memory.descriptors.append(descriptor)
    }
    for _ in 0..<small() {
      memory.suppliers.append(SavedMemory.Supplier(uid: UInt32(truncatingIfNeeded: number()), write: flag()))
    }
    memory.shared = flag() ? nil : flag()
    memory.prepaid = payer()
    memory.prepaidBytes = number()
    return memory
  }

  private mutating func pages(_ id: ObjectID, of memory: ObjectID) -> SavedPages {
    SavedPages(
      id: id, memory: memory, offset: number(), length: number(), writable: flag(), isAdvisory: flag(),
      payer: payer())
  }

  private mutating func answer(_ memories: [ObjectID]) -> SavedAnswer {
    SavedAnswer(
      token: "client-\(small())", key: text(), digest: number(), result: Array(text().utf8),
      memories: memories)
  }

  private mutating func payer() -> SavedPayer? {
    switch small() {
    case 0: nil
    case 1: .user(UInt32(truncatingIfNeeded: number()))
    default: .process(UInt32(truncatingIfNeeded: number()), pid: Int32(truncatingIfNeeded: number()))
    }
  }

  private mutating func shape() -> TableShape {
    flag()
      ? TableShape(format: .vtd)
      : TableShape(format: .flat, pageSizes: PageSizes(rawValue: 4096 | 1 << 30), aperture: range())
  }

  // MARK: Numbers

  private mutating func id() -> ObjectID {
    last += UInt32.random(in: 1...3, using: &random)
    return ObjectID(last) ?? .first
  }

  private mutating func flag() -> Bool { Bool.random(using: &random) }
  private mutating func small() -> Int { Int.random(in: 0...3, using: &random) }

  /// Of any length in bits.
  private mutating func number() -> UInt64 { random.next() >> UInt64.random(in: 0...63, using: &random) }

  private mutating func text() -> String {
    ["", "a", "disk 0", "Gerät", String(repeating: "x", count: 64)].randomElement(using: &random) ?? ""
  }

  private mutating func range() -> IOVARange {
    let ends = [number(), number()].sorted()
    return IOVARange(IOVA(ends[0]), through: IOVA(ends[1]))
  }

  /// Among few pages, so that there is much in one place.
  private mutating func place(pages: UInt64) -> IOVARange {
    let first = UInt64.random(in: 0..<128, using: &random)
    let count = UInt64.random(in: 1...pages, using: &random)
    return IOVARange(IOVA(first << 12), through: IOVA((first + count) << 12 - 1))
  }
}

/// Everything that a log says, to be compared.
struct SavedFacts: Equatable {
  let options: SavedOptions
  let upcoming: ObjectID
  let spaces: [ObjectID: SavedIOAS]
  let areas: [[SavedArea]]
  let devices: [ObjectID: SavedDevice]
  let tables: [ObjectID: SavedTable]
  let accesses: [ObjectID: SavedAccess]
  let memories: [ObjectID: SavedMemory]
  let pages: [ObjectID: SavedPages]
  let quarantined: Set<ObjectID>
  let answers: [SavedAnswer]

  init(_ context: SavedContext) {
    options = context.options
    upcoming = context.upcoming
    spaces = context.spaces
    areas = context.spaces.keys.sorted().map { context.areas(of: $0) }
    devices = context.devices
    tables = context.tables
    accesses = context.accesses
    memories = context.memories
    pages = context.pages
    quarantined = context.quarantined
    var all: [SavedAnswer] = []
    context.answers.forEach { all.append($0) }
    answers = all
  }
}
