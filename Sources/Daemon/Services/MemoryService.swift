// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Memory that contexts hold, and who gets a descriptor of it.
package struct MemoryService {
  package func list(_ call: MemoryList, _ session: Session) throws(Failure) -> Outcome<MemoryList.Result> {
    let context = session.context
    try context.checkAlive()
    let limit = try call.limit.items()
    var items: [MemoryList.Item] = []
    var walk = ListWalk(limit)
    context.objects.forEach(after: call.after.flatMap { ObjectID($0) }) { id, entry in
      guard case .memory(let memory) = entry else { return walk.visit(id, false) {} }
      return walk.visit(id, true) { items.append(Self.item(memory)) }
    }
    return .done(.init(items, next: walk.next))
  }

  static func item(_ memory: HeldMemory) -> MemoryList.Item {
    var item = MemoryList.Item()
    item.memory = memory.id.rawValue
    item.kind = memory.kind
    item.size = memory.size
    if let origin = memory.origin {
      item.residency = residency(of: origin)
      item.sealed = (origin as? MemfdOrigin)?.file.facts.seals.contains(.shrink) ?? false
      item.writable = origin.writable
    }
    item.pinnedPages = memory.pinnedPages
    item.registeredPages = memory.registeredPages
    return item
  }

  static func residency(of origin: any MemoryOrigin) -> IommuWire.Residency {
    switch origin.residency {
    case .pinned: .pinned
    case .locked: .locked
    case .advisory: .advisory
    case .degraded: .degraded
    }
  }

  /// How the pages of one map are kept in place.
  static func residency(of pages: Pages) -> IommuWire.Residency {
    (pages.origin as? any MemoryOrigin).map { residency(of: $0) } ?? .advisory
  }

  package func open(_ call: MemoryOpen, _ session: Session) throws(Failure) -> Outcome<MemoryOpen.Result> {
    let memory = try session.context.memory(call.memory)
    guard memory.kind != .process else {
      let words = "memory \(call.memory) is part of a process, which nobody else can map"
      throw Failure(.eopnotsupp, words, field: "memory")
    }
    guard let origin = memory.opened(by: session.uid, write: call.write) else {
      let words =
        memory.isMappable(by: session.uid)
        ? "memory \(call.memory) may only be read"
        : "a descriptor of memory \(call.memory) goes to who brought it, unless it is shared as a whole"
      throw Failure(.eperm, words, field: memory.isMappable(by: session.uid) ? "write" : "memory")
    }
    do {
      session.answer(with: try origin.file.open(write: call.write))
    } catch {
      throw Failure(error, "memory \(call.memory) cannot be opened: \(error)", field: "memory")
    }
    return .done(.init(write: origin.file.opensWritable(write: call.write)))
  }
}
