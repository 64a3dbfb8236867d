// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// What a context holds, as its log says it.
extension Context {
  /// `entry` came, or is otherwise from now on.
  func note(_ entry: Entry) {
    guard let log, let change = saved(entry) else { return }
    log.note(change)
  }

  /// Something is no more. That a pages object is goes without saying once no area shows it.
  func noteGone(_ entry: Entry, _ id: ObjectID) {
    guard let log else { return }
    switch entry {
    case .pages: return
    case .memory(let memory): for kept in memory.kept { log.release(kept.store) }
    case .ioas, .device, .hwpt, .access: break
    }
    log.note(.gone(id))
  }

  /// The areas that were in `ranges`, or all for nil, are unmapped.
  func noteUnmapped(_ ranges: [IOVARange]?, of space: HeldSpace) {
    guard let log else { return }
    for range in ranges ?? [.all] {
      log.note(.unmapped(space.id, range))
      noteAreas(in: range, of: space)
    }
  }

  /// Another request may have mapped something since the engine unmapped the range, and have noted it already.
  private func noteAreas(in range: IOVARange, of space: HeldSpace) {
    var after = range.first == IOVA(0) ? nil : IOVA(range.first.rawValue - 1)
    while true {
      let areas = space.space.areas(after: after, limit: 64)
      for area in areas {
        guard area.range.last <= range.last else { return }
        if let slice = area.pages.account as? Slice { note(area, slice, in: space.id) }
      }
      guard areas.count == 64 else { return }
      after = areas.last?.range.first
    }
  }

  /// A slice is shown at `iova`, unless another request has unmapped it since.
  func noteArea(_ slice: Slice, in space: ObjectID, at iova: IOVA) {
    guard log != nil, let held = spaces[space], let area = held.space.area(at: iova),
      area.pages.account as? Slice === slice
    else { return }
    note(area, slice, in: space)
  }

  private func note(_ area: AreaInfo, _ slice: Slice, in space: ObjectID) {
    guard let log else { return }
    for change in saved(area, slice, in: space) { log.note(change) }
  }

  var savedOptions: SavedOptions {
    var saved = SavedOptions()
    saved.frames = options.frames
    saved.rlimitMode = options.rlimitMode
    saved.upcoming = objects.nextName
    return saved
  }

  /// Nil for pages objects, of which areas tell.
  func saved(_ entry: Entry) -> Change? {
    switch entry {
    case .ioas(let space):
      let (allowed, reserved) = space.space.chosenRanges
      var saved = SavedIOAS(id: space.id)
      saved.isAdvisory = space.isAdvisory
      saved.hugePages = space.space.usesHugePages
      saved.allowed = allowed
      saved.reserved = reserved
      return .ioas(saved)
    case .device(let device):
      return .device(SavedDevice(id: device.id, profile: device.device.profile, table: device.table?.id))
    case .hwpt(let table):
      var saved = SavedTable(id: table.id, ioas: table.space.id, shape: table.table.shape)
      saved.isAutomatic = table.table.isAutomatic
      saved.canTrack = table.table.canTrack
      saved.isTracking = table.table.isTracking
      return .table(saved)
    case .access(let access):
      return .access(SavedAccess(id: access.id, ioas: access.space.id, pins: access.pins))
    case .memory(let memory):
      return .memory(memory.saved)
    case .pages:
      return nil
    }
  }

  /// An area, and the pages object that it shows.
  func saved(_ area: AreaInfo, _ slice: Slice, in space: ObjectID) -> [Change] {
    guard let id = slice.id else { return [] }
    let offset = area.pages.firstInOrigin << Page.shift
    // The last page of a file may be partial.
    let length = min(area.pages.count << Page.shift, area.pages.origin.size - offset)
    let pages = SavedPages(
      id: id, memory: slice.memory, offset: offset, length: length, writable: area.pages.writable,
      isAdvisory: area.pages.origin is AdvisoryOrigin, payer: slice.savedPayer)
    let saved = SavedArea(
      ioas: space, range: area.range, pages: id, byteOffset: area.byteOffset, protection: area.protection)
    return [.pages(pages), .area(saved)]
  }
}

extension Context {
  /// Has the service manager keep a file, where the context survives the daemon.
  ///
  /// - Throws: ENOSPC.
  func keep(_ file: borrowing MemfdFile, _ field: String) throws(Failure) -> SavedMemory.Descriptor? {
    guard let log else { return nil }
    let number = try log.keep(file.number, field: field)
    return SavedMemory.Descriptor(
      store: number, isOwn: file.isOwn, advisesHuge: file.advisesHuge, size: file.size)
  }
}

extension Account {
  /// Whose books they are.
  var saved: SavedPayer { process.map { .process(uid, pid: $0) } ?? .user(uid) }
}
