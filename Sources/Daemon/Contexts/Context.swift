// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// A namespace of objects, the counterpart of one open iommufd. Confined to the loop.
package final class Context: Busy {
  /// Nil for that of one connection, which goes with it.
  package let name: String?
  /// Whoever owns it pays for what it holds.
  package let account: Account
  /// Fixed once it holds an object.
  package var options: ContextOptions {
    didSet { log?.note(.context(savedOptions)) }
  }
  /// Its I/O page tables, and the devices on them.
  package let tables: PageTables
  /// What the engine let go of since ``settle()``.
  package let retired = RetiredSlices()
  private var unsettled: [ObjectID] = []

  package private(set) var objects = ObjectTable<Entry>()
  /// Those of some kinds, which are few beside slices.
  package private(set) var spaces: [ObjectID: HeldSpace] = [:]
  package private(set) var accesses: [ObjectID: HeldAccess] = [:]
  package private(set) var memories: [ObjectID: HeldMemory] = [:]
  package private(set) var devices: [ObjectID: HeldDevice] = [:]
  package private(set) var pageTables: [ObjectIdentifier: HeldTable] = [:]
  private var files: [FileIdentity: ObjectID] = [:]
  private var copies = CopyBook()
  let census: Census
  /// Lets go of memory away from the loop.
  private let bury: (_ owner: UInt32, Grave) -> Void

  /// Connections that work in it.
  package var connections = 0
  /// Requests that a worker has in hand.
  package var inFlight = 0 {
    didSet { if inFlight == 0 { idle.release() } }
  }
  /// Released when no worker has a request in hand.
  package let idle = WaitList()
  /// Who waits for that to destroy it. Nothing new begins in it meanwhile.
  package var destroyers = 0
  /// Of one that survives the daemon.
  package internal(set) var log: ChangeLog?
  /// Of one that came back after a restart.
  var restored: Restored?
  /// DMA faults of its devices so far.
  package var faults: UInt64 = 0
  /// It was destroyed: it holds nothing, and nothing is made in it any more.
  package internal(set) var isDestroyed = false

  package init(
    name: String?, account: Account, options: ContextOptions = ContextOptions(), tables: PageTables,
    census: Census, bury: @escaping (_ owner: UInt32, Grave) -> Void
  ) {
    self.bury = bury
    self.name = name
    self.account = account
    self.options = options
    self.tables = tables
    self.census = census
  }

  package var owner: UInt32 { account.uid }

  /// Areas whose memory could not be pinned again after a restart. O(spaces).
  var degradedAreas: UInt64 {
    restored == nil ? 0 : spaces.values.reduce(0) { $0 + UInt64($1.space.degradedAreas) }
  }

  /// Bytes of memory that the loop lets go of itself at most.
  private static let largeMemory: UInt64 = 1 << 20

  // MARK: Objects

  /// Takes one object in.
  ///
  /// - Throws: EDQUOT when the owner has too many objects; ENOENT when the context is no more.
  package func insert<Object>(
    _ make: (ObjectID) -> Object, as entry: (Object) -> Entry
  ) throws(Failure) -> Object {
    try checkAlive()
    try take(1, of: .objects, field: nil)
    return adopt(make, as: entry)
  }

  /// Takes in an object that was paid for before, with ``reserveObject()``.
  package func adopt<Object>(_ make: (ObjectID) -> Object, as entry: (Object) -> Entry) -> Object {
    let object = make(objects.nextName)
    let held = entry(object)
    let id = objects.insert(held)
    census.came(held.kind)
    switch held {
    case .ioas(let space): spaces[id] = space
    case .access(let access): accesses[id] = access
    case .memory(let memory): memories[id] = memory
    case .device(let device): devices[id] = device
    case .hwpt(let table): pageTables[ObjectIdentifier(table.table)] = table
    case .pages: break
    }
    // Memory is noted when it is known what it is.
    if case .memory = held {} else { note(held) }
    return object
  }

  /// Takes in an object under the id that it had before a restart; false when that is taken. The census is not told.
  func restore(_ entry: Entry, named id: ObjectID) -> Bool {
    guard objects.restore(entry, named: id) else { return false }
    if entry.isCharged { account.book(1, insteadOf: 0, of: .objects) }
    switch entry {
    case .ioas(let space): spaces[id] = space
    case .access(let access): accesses[id] = access
    case .memory(let memory):
      memories[id] = memory
      know(memory)
    case .device(let device): devices[id] = device
    case .hwpt(let table): pageTables[ObjectIdentifier(table.table)] = table
    case .pages: break
    }
    return true
  }

  /// Tells the census of all that it holds.
  func countObjects() {
    objects.forEach { _, entry in
      census.came(entry.kind)
      return true
    }
  }

  /// It is gone for good, and so is all that is kept for it.
  func closeLog() {
    guard let log else { return }
    for memory in memories.values { for kept in memory.kept { log.release(kept.store) } }
    log.close()
    self.log = nil
  }

  /// Has new objects get ids from `upcoming` on. Only before it holds any.
  func begin(at upcoming: ObjectID) { objects = ObjectTable(upcoming: upcoming) }

  /// Notes another place of a slice that came back.
  func restoreCopy(_ id: ObjectID, at place: Place) { copies.add(id, at: place) { _ in true } }

  /// Pays for an object that is to come.
  package func reserveObject() throws(Failure) {
    try checkAlive()
    try take(1, of: .objects, field: nil)
  }

  /// Gives back what ``reserveObject()`` paid.
  package func unreserveObject() { account.give(1, of: .objects) }

  /// Gives a mapped slice its id.
  package func adopt(_ slice: Slice, in space: ObjectID, at iova: IOVA) {
    let place = Place(space: space, iova: iova)
    slice.id = objects.insert(.pages(SliceInfo(memory: slice.memory, place: place)))
    census.came(.pages)
    noteArea(slice, in: space, at: iova)
  }

  /// Notes that a slice is shown in one more place, unless it is gone again.
  package func noteCopy(of slice: Slice, in space: ObjectID, at iova: IOVA) {
    guard let id = slice.id, case .pages? = objects[id] else { return }
    copies.add(id, at: Place(space: space, iova: iova)) { area(of: id, at: $0) != nil }
    noteArea(slice, in: space, at: iova)
  }

  /// An area that shows the pages object `id`, and where; nil while all of them are just coming or going. O(log areas)
  /// for each place that is out of date.
  package func shown(_ id: ObjectID, _ info: SliceInfo) -> (place: Place, area: AreaInfo)? {
    if let area = area(of: id, at: info.place) { return (info.place, area) }
    guard let place = copies.current(id, isCurrent: { area(of: id, at: $0) != nil }) else { return nil }
    return area(of: id, at: place).map { (place, $0) }
  }

  private func area(of id: ObjectID, at place: Place) -> AreaInfo? {
    guard case .ioas(let space)? = objects[place.space], let area = space.space.area(at: place.iova),
      (area.pages.account as? Slice)?.id == id
    else { return nil }
    return area
  }

  /// Takes an object out and gives back what it cost.
  package func remove(_ id: ObjectID) {
    guard let entry = objects.remove(id) else { return }
    census.went(entry.kind)
    if entry.isCharged { account.give(1, of: .objects) }
    noteGone(entry, id)
    switch entry {
    case .pages: copies.remove(id)
    case .ioas: spaces[id] = nil
    case .access: accesses[id] = nil
    case .memory(let memory):
      memories[id] = nil
      if let identity = memory.identity, files[identity] == id { files[identity] = nil }
      if memory.size > Self.largeMemory { bury([memory]) }
    case .device(let device):
      device.table = nil
      devices[id] = nil
    case .hwpt(let table):
      pageTables[ObjectIdentifier(table.table)] = nil
      // The two hold each other.
      table.space.tables.removeAll { $0 === table }
    }
  }

  private func bury(_ memories: [HeldMemory]) {
    let grave = Grave()
    for memory in memories { memory.bury(in: grave) }
    if !grave.isEmpty { bury(owner, grave) }
  }

  /// Lets objects not hold each other any more, so that they die with the context.
  func untie() {
    for device in devices.values { device.table = nil }
    for table in pageTables.values { table.space.tables = [] }
    for space in spaces.values { space.forgetHolders() }
  }

  /// Takes everything out at once. O(objects that are no slices), of which there may be very many.
  func removeAll() {
    _ = retired.drain()
    unsettled = []
    let others = spaces.count + devices.count + pageTables.count + accesses.count + memories.count
    census.went(.ioas, UInt64(spaces.count))
    census.went(.device, UInt64(devices.count))
    census.went(.hwpt, UInt64(pageTables.count))
    census.went(.access, UInt64(accesses.count))
    census.went(.memory, UInt64(memories.count))
    census.went(.pages, UInt64(objects.count - others))
    account.give(UInt64(others), of: .objects)
    untie()
    let grave = Grave()
    for memory in memories.values { memory.bury(in: grave) }
    // To let go of much takes its time.
    let pins = accesses.values.reduce(0) { $0 + $1.held.count }
    if objects.count + pins > 32 * Pieces.size { grave.bury((objects, copies, Array(accesses.values))) }
    if !grave.isEmpty { bury(owner, grave) }
    objects = ObjectTable()
    spaces = [:]
    accesses = [:]
    memories = [:]
    devices = [:]
    pageTables = [:]
    files = [:]
    copies = CopyBook()
  }

  /// Throws ENOENT once the context is destroyed, and EBUSY when it is about to be.
  package func checkAlive() throws(Failure) {
    if destroyers > 0 { throw Failure(.ebusy, "the context \(name ?? "") is about to be destroyed") }
    if isDestroyed { throw Failure(.enoent, "the context \(name ?? "of this connection") was destroyed") }
  }

  // MARK: Memory

  /// The memory that is known for a file.
  package func memory(of identity: FileIdentity) -> HeldMemory? {
    files[identity].flatMap { memories[$0] }
  }

  /// From here on the file behind `memory` is known by it.
  package func know(_ memory: HeldMemory) {
    if let identity = memory.identity { files[identity] = memory.id }
  }

  /// One pages object less, or a map less that would have made one: memory goes with its last use.
  package func release(_ memory: HeldMemory) {
    memory.uses -= 1
    if memory.uses == 0 { remove(memory.id) }
  }

  /// Takes out slices that the engine has let go of, up to a turn's worth. To be called whenever it may have.
  package func settle() {
    if unsettled.isEmpty { unsettled = retired.drain() }
    for _ in 0..<min(unsettled.count, Pieces.size) {
      let id = unsettled.removeLast()
      guard case .pages(let info)? = objects[id] else { continue }
      remove(id)
      if let memory = memories[info.memory] { release(memory) }
    }
  }

  /// Whether ``settle()`` has left some.
  var isUnsettled: Bool { !unsettled.isEmpty || !retired.isEmpty }

  // MARK: Paying

  /// What a device's marks will take is known afterwards: none are made once the owner has used up the quota.
  package func checkEngineBytes(field: String) throws(Failure) {
    guard account.rest(of: .engineBytes) == 0 else { return }
    let use = account.use(of: .engineBytes)
    throw Failure(
      QuotaExceeded(
        quota: .engineBytes, use: use, wanted: 1, limit: min(use, account.limit(of: .engineBytes))),
      field: field)
  }

  /// Takes `amount` of `quota` from the owner's share.
  package func take(_ amount: UInt64, of quota: Quota, field: String?) throws(Failure) {
    do {
      try account.take(amount, of: quota)
    } catch {
      throw Failure(error, field: field)
    }
  }
}
