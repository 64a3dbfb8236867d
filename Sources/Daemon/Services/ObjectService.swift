// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Objects of any kind.
package struct ObjectService {
  let contexts: Contexts

  package func list(_ call: ObjectList, _ session: Session) throws(Failure) -> Outcome<ObjectList.Result> {
    let context = session.context
    try context.checkAlive()
    context.settle()
    let limit = try call.limit.items()
    var items: [ObjectList.Item] = []
    var walk = ListWalk(limit)
    context.objects.forEach(after: call.after.flatMap { ObjectID($0) }) { id, entry in
      let isWanted = call.kind.map { $0 == entry.kind } ?? true
      return walk.visit(id, isWanted) {
        items.append(
          .init(id: id.rawValue, kind: entry.kind, summary: Self.summary(of: entry, id, in: context)))
      }
    }
    return .done(.init(items, next: walk.next))
  }

  private static func summary(of entry: Entry, _ id: ObjectID, in context: Context) -> String {
    switch entry {
    case .ioas(let space):
      (space.isAdvisory ? "advisory, " : "")
        + "\(space.space.areaCount) areas, \(space.tables.count) HWPTs, \(space.accesses) accesses"
    case .device(let device):
      (device.device.profile.name.isEmpty ? "" : "\(device.device.profile.name), ")
        + "\(device.device.profile.shape.format.rawValue), "
        + (device.table.map { "attached to HWPT \($0.id)" } ?? "not attached")
    case .hwpt(let table):
      "\(table.table.shape.format.rawValue) of IOAS \(table.space.id), \(table.devices) devices"
    case .access(let access):
      "of IOAS \(access.space.id), \(access.held.count) pins"
    case .memory(let memory):
      "\(memory.size) bytes, \(memory.uses) pages objects"
    case .pages(let info):
      "of memory \(info.memory), " + position(id, info, in: context)
    }
  }

  /// One of the places where a pages object is shown.
  private static func position(_ id: ObjectID, _ info: SliceInfo, in context: Context) -> String {
    let place = context.shown(id, info)?.place ?? info.place
    return "at \(place.iova) of IOAS \(place.space)"
  }

  package func destroy(
    _ call: ObjectDestroy, _ session: Session
  ) throws(Failure) -> Outcome<ObjectDestroy.Result> {
    let context = session.context
    switch try context.entry(call.id, field: "id") {
    case .ioas(let space):
      return try destroy(space, in: context)
    case .device(let device):
      try checkIdle(device, call.id)
      if let table = device.table {
        throw Failure(.ebusy, "device \(call.id) is attached to HWPT \(table.id)", field: "id")
      }
      context.remove(device.id)
      return .done(.init())
    case .hwpt(let table):
      return try destroy(table, in: context)
    case .access(let access):
      return try destroy(access, session)
    case .memory(let memory):
      let words = "memory \(call.id) goes with the last of its \(memory.uses) pages objects"
      throw Failure(.ebusy, words, field: "id")
    case .pages(let info):
      let places = ObjectID(call.id).map { Self.position($0, info, in: context) } ?? ""
      let words = "pages object \(call.id) goes with the last area that shows it: \(places)"
      throw Failure(.ebusy, words, field: "id")
    }
  }

  private func destroy(
    _ space: HeldSpace, in context: Context
  ) throws(Failure) -> Outcome<ObjectDestroy.Result> {
    try checkIdle(space, space.id.rawValue)
    guard space.tables.isEmpty, space.accesses == 0, !space.isClosing else {
      let words = "\(space.tables.count) HWPTs and \(space.accesses) accesses stand on IOAS \(space.id)"
      throw Failure(.ebusy, words, field: "id")
    }
    guard space.waiters.isEmpty else {
      throw Failure(.ebusy, "an unmap of another connection waits on IOAS \(space.id)", field: "id")
    }
    let engine = space.space
    space.isClosing = true
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try engine.unmapAll(waiting)
    } then: { (result) throws(Failure) in
      if case .failure(let refusal) = result {
        space.isClosing = false
        throw Failure(refusal, Origins(subject: "id"))
      }
      context.remove(space.id)
      return .init()
    }
  }

  private func destroy(
    _ table: HeldTable, in context: Context
  ) throws(Failure) -> Outcome<ObjectDestroy.Result> {
    try checkIdle(table, table.id.rawValue)
    if table.table.isAutomatic {
      throw Failure(
        .ebusy, "HWPT \(table.id) goes with the last of its \(table.devices) devices", field: "id")
    }
    let isBusy = Failure(.ebusy, "devices are attached to HWPT \(table.id)", field: "id")
    guard table.devices == 0 else { throw isBusy }
    let (engine, tables) = (table.table, context.tables)
    table.isClosing = true
    return try context.attempt(busy: [table, table.space]) { (waiting) throws(Refusal) in
      try tables.destroy(engine, waiting)
    } then: { (result) throws(Failure) in
      if case .failure(let refusal) = result {
        table.isClosing = false
        // Somebody's device came to it first.
        if case .objectBusy = refusal { throw isBusy }
        throw Failure(refusal, Origins(subject: "id"))
      }
      context.remove(table.id)
      return .init()
    }
  }

  private func destroy(
    _ access: HeldAccess, _ session: Session
  ) throws(Failure) -> Outcome<ObjectDestroy.Result> {
    try checkIdle(access, access.id.rawValue)
    let (engine, context) = (access.access, session.context)
    access.isClosing = true
    return try context.attempt(isLarge: !access.held.isEmpty, busy: [access]) { (waiting) throws(Refusal) in
      try engine.close(waiting)
    } then: { (result) throws(Failure) in
      if case .failure(let refusal) = result {
        access.isClosing = false
        throw Failure(refusal, Origins(subject: "id"))
      }
      // Pins of others go too, and they are told.
      for claim in access.claims(in: UnmapRanges(nil)) {
        access.ended(claim)
        guard claim.session != session.id else { continue }
        self.contexts.events.tell(access.revocation(of: claim), in: context, holder: claim.session)
      }
      access.space.accesses -= 1
      context.remove(access.id)
      return .init()
    }
  }

  private func checkIdle(_ object: any Busy, _ id: UInt32) throws(Failure) {
    guard object.inFlight == 0 else {
      throw Failure(.ebusy, "another request is at work on object \(id)", field: "id")
    }
  }
}
