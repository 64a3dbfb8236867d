// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Address spaces: making them, mapping memory into them, and looking at what is mapped.
package struct IOASService {
  let contexts: Contexts

  package func alloc(_ call: IOASAlloc, _ session: Session) throws(Failure) -> Outcome<IOASAlloc.Result> {
    switch call.residency {
    case .pinned, .advisory: break
    case .locked, .degraded:
      let words =
        "an address space is pinned or advisory; \(call.residency.rawValue) is what becomes of memory"
      throw Failure(.einval, words, field: "residency")
    }
    let space = try session.context.insert(
      { HeldSpace(id: $0, space: AddressSpace(), isAdvisory: call.residency == .advisory) }, as: { .ioas($0) }
    )
    return .done(.init(ioas: space.id.rawValue))
  }

  package func map(_ call: IOASMap, _ session: Session) throws(Failure) -> Outcome<IOASMap.Result> {
    try prepare(call, session) { (plan, space) throws(Failure) in
      try .inPieces(call.ranges.count, busy: [session.context, space]) { (position) throws(Failure) in
        try add(call, position, to: plan)
      } next: { () throws(Failure) in
        try map(call, plan, in: space, session.context)
      }
    }
  }

  private func map(
    _ call: IOASMap, _ plan: MapPlan, in space: HeldSpace, _ context: Context
  ) throws(Failure) -> Outcome<IOASMap.Result> {
    let (engine, requests) = (space.space, plan.requests)
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try engine.map(requests, waiting)
    } next: { (result) throws(Failure) in
      switch result {
      case .success(let iovas):
        context.log?.open()
        return try .inPieces(iovas.count, busy: [context, space]) { (position) throws(Failure) in
          plan.adopt(position, at: iovas[position], in: space)
        } next: { () throws(Failure) in
          defer { context.log?.shut() }
          let memories = plan.memories.map { $0.id.rawValue }
          plan.commit()
          return .done(.init(iovas: iovas, memories: memories, single: call.single))
        }
      case .failure(let refusal):
        throw failure(refusal, call, undoing: plan)
      }
    }
  }

  /// Makes a plan for `call`, once it is known which processes it is about, and goes on with it.
  func prepare<Value>(
    _ call: IOASMap, _ session: Session,
    then next: @escaping (MapPlan, HeldSpace) throws(Failure) -> Outcome<Value>
  ) throws(Failure) -> Outcome<Value> {
    _ = try session.context.space(call.ioas)
    guard !call.ranges.isEmpty else { throw Failure(.einval, "there is nothing to map", field: "ranges") }
    guard call.ranges.contains(where: { $0.source.kind == .process }) else {
      return try plan(call, session, processes: [:], then: next)
    }
    return try identify(call, session) { (processes) throws(Failure) in
      try plan(call, session, processes: processes, then: next)
    }
  }

  private func plan<Value>(
    _ call: IOASMap, _ session: Session, processes: [UInt32: ProcessFile],
    then next: (MapPlan, HeldSpace) throws(Failure) -> Outcome<Value>
  ) throws(Failure) -> Outcome<Value> {
    let space = try session.context.space(call.ioas)
    return try next(MapPlan(session, space, contexts, processes: processes), space)
  }

  /// Finds the memory of one range; where that fails, what was found of all is given back.
  func add(_ call: IOASMap, _ position: Int, to plan: MapPlan) throws(Failure) {
    do throws(Failure) {
      try plan.add(call.ranges[position], at: call.single ? "" : "ranges[\(position)].")
    } catch {
      plan.undo()
      throw error
    }
  }

  /// Why the engine refused what `plan` prepared, which is given back.
  func failure(_ refusal: Refusal, _ call: IOASMap, undoing plan: MapPlan) -> Failure {
    let position = call.single ? 0 : plan.position(of: refusal, in: call.ranges)
    plan.undo()
    var names = Origins(
      range: call.single ? "" : position.map { "ranges[\($0)]." } ?? "", source: "source",
      account: plan.account)
    var refusal = refusal
    if let position, case .process = call.ranges[position].source.kind {
      // In a process it is the address that begins a page or does not.
      names.offset = "source.address"
      if case .misaligned(.offset, _, let alignment) = refusal {
        let address = call.ranges[position].source.address.rawValue
        refusal = .misaligned(.offset, value: address, alignment: alignment)
      }
    }
    return Failure(refusal, names)
  }

  package func unmap(_ call: IOASUnmap, _ session: Session) throws(Failure) -> Outcome<IOASUnmap.Result> {
    let context = session.context
    let space = try context.space(call.ioas)
    if let wait = call.milliseconds, wait > IOASUnmap.longestWait {
      let words = "an unmap waits for at most \(IOASUnmap.longestWait) ms, not \(wait)"
      throw Failure(.einval, words, field: "wait_ms")
    }
    if call.force == true, session.uid != context.owner, session.role != .admin {
      throw Failure(.eperm, "only uid \(context.owner), whose context it is, may force", field: "force")
    }
    let isWhole =
      call.ranges.count == 1 && call.ranges[0].iova == IOVA(0) && call.ranges[0].length == .max
    let ranges = UnmapRanges(call.all || isWhole ? nil : try Self.ranges(of: call))
    let engine = space.space
    let areas = engine.areaCount
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try ranges.unmap(engine, waiting)
    } next: { (result) throws(Failure) in
      switch result {
      case .success(let bytes):
        context.noteUnmapped(ranges.ranges, of: space)
        return .done(self.unmapped(bytes, areas: max(areas - engine.areaCount, 0), of: space))
      case .failure(.pinned):
        return try UnmapCall(call, ranges, of: space, session, self).start()
      case .failure(let refusal):
        throw Failure(refusal, call)
      }
    }
  }

  /// Notes what was unmapped, and answers it.
  func unmapped(_ bytes: UInt64, areas: Int, of space: HeldSpace) -> IOASUnmap.Result {
    contexts.census.totals.unmaps += UInt64(areas)
    contexts.census.totals.unmappedBytes += bytes
    for table in space.tables { table.book() }
    return .init(unmapped: bytes)
  }

  private static func ranges(of call: IOASUnmap) throws(Failure) -> [IOVARange] {
    guard !call.ranges.isEmpty else { throw Failure(.einval, "there is nothing to unmap", field: "ranges") }
    var ranges: [IOVARange] = []
    for (position, range) in call.ranges.enumerated() {
      let prefix = call.single ? "" : "ranges[\(position)]."
      ranges.append(try .named(range.iova, range.length, Origins(range: prefix)))
    }
    if ranges.count == 1 { return ranges }
    // An area that two ranges hold would be looked at again and again.
    let sorted = ranges.indices.sorted { ranges[$0].first < ranges[$1].first }
    for (left, right) in zip(sorted, sorted.dropFirst()) where ranges[left].overlaps(ranges[right]) {
      let words = "\(ranges[left]) and \(ranges[right]) overlap"
      throw Failure(.einval, words, field: "ranges[\(max(left, right))].iova")
    }
    return ranges
  }

  package func areas(_ call: IOASAreas, _ session: Session) throws(Failure) -> Outcome<IOASAreas.Result> {
    let space = try session.context.space(call.ioas)
    let limit = try call.limit.items()
    // One more than asked for says whether there is a next one.
    var areas = space.space.areas(after: call.after, limit: limit + 1)
    let isMore = areas.count > limit
    if isMore { areas.removeLast() }
    let next = isMore ? areas.last?.range.first : nil
    return .done(.init(areas.compactMap(Self.item), next: next))
  }

  /// Nil for an area of a map that a worker is making, whose pages have no id yet.
  static func item(_ area: AreaInfo) -> IOASAreas.Item? {
    guard let slice = area.pages.account as? Slice, let id = slice.id else { return nil }
    var item = IOASAreas.Item()
    item.iova = area.range.first
    item.length = area.range.last.rawValue - area.range.first.rawValue + 1
    item.pages = id.rawValue
    item.memory = slice.memory.rawValue
    item.offset = area.originOffset
    item.read = area.protection.contains(.read)
    item.write = area.protection.contains(.write)
    item.pins = UInt64(area.pins)
    switch area.state {
    case .live: item.state = area.isDegraded ? .degraded : .mapped
    case .settingUp: item.state = .mapping
    case .tearingDown: item.state = .unmapping
    }
    return item
  }
}

extension Failure {
  /// Why the engine did not unmap.
  init(_ refusal: Refusal, _ call: IOASUnmap) {
    self.init(
      refusal,
      Origins(
        range: call.prefix { range in
          switch refusal {
          case .noArea(let other), .cutsArea(let other, _): range == other
          case .pinned(let area), .areaInTransition(let area): range.overlaps(area)
          default: false
          }
        }))
  }
}

extension IOASUnmap {
  /// What stands in front of the names of the first range for which `isMeant` is true.
  func prefix(_ isMeant: (IOVARange) -> Bool) -> String {
    if single { return "" }
    let position = ranges.firstIndex { range in
      IOVARange(first: range.iova, length: range.length).map(isMeant) ?? false
    }
    return position.map { "ranges[\($0)]." } ?? ""
  }
}
