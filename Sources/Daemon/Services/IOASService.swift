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
    case .pinned: break
    case .advisory:
      throw Failure(.eopnotsupp, "advisory address spaces are not offered yet", field: "residency")
    case .locked, .degraded:
      let words =
        "an address space is pinned or advisory; \(call.residency.rawValue) is what becomes of memory"
      throw Failure(.einval, words, field: "residency")
    }
    let space = try session.context.insert(
      { HeldSpace(id: $0, space: AddressSpace()) }, as: { .ioas($0) })
    return .done(.init(ioas: space.id.rawValue))
  }

  package func map(_ call: IOASMap, _ session: Session) throws(Failure) -> Outcome<IOASMap.Result> {
    let context = session.context
    _ = try context.space(call.ioas)
    guard !call.ranges.isEmpty else { throw Failure(.einval, "there is nothing to map", field: "ranges") }
    guard call.ranges.contains(where: { $0.source.kind == .process }) else {
      return try map(call, session, processes: [:])
    }
    return try identify(call, session) { (processes) throws(Failure) in
      try map(call, session, processes: processes)
    }
  }

  private func map(
    _ call: IOASMap, _ session: Session, processes: [UInt32: ProcessFile]
  ) throws(Failure) -> Outcome<IOASMap.Result> {
    let context = session.context
    let space = try context.space(call.ioas)
    if !space.tables.isEmpty { try context.checkEngineBytes(field: "ioas") }
    let plan = MapPlan(session, contexts, processes: processes)
    do throws(Failure) {
      for (position, range) in call.ranges.enumerated() {
        try plan.add(range, at: call.single ? "" : "ranges[\(position)].")
      }
    } catch {
      plan.undo()
      throw error
    }
    let (engine, requests) = (space.space, plan.requests)
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try engine.map(requests, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let iovas):
        let memories = plan.memories.map { $0.id.rawValue }
        plan.commit(at: iovas, in: space)
        for table in space.tables { table.book() }
        return .init(iovas: iovas, memories: memories, single: call.single)
      case .failure(let refusal):
        let position = call.single ? 0 : plan.position(of: refusal, in: call.ranges)
        plan.undo()
        var names = Origins(range: call.single ? "" : position.map { "ranges[\($0)]." } ?? "")
        var refusal = refusal
        if let position, case .process = call.ranges[position].source.kind {
          // In a process it is the address that begins a page or does not.
          names.offset = "source.address"
          if case .misaligned(.offset, _, let alignment) = refusal {
            let address = call.ranges[position].source.address.rawValue
            refusal = .misaligned(.offset, value: address, alignment: alignment)
          }
        }
        throw Failure(refusal, names)
      }
    }
  }

  package func unmap(_ call: IOASUnmap, _ session: Session) throws(Failure) -> Outcome<IOASUnmap.Result> {
    let context = session.context
    let space = try context.space(call.ioas)
    let isWhole =
      call.ranges.count == 1 && call.ranges[0].iova == IOVA(0) && call.ranges[0].length == .max
    let ranges = call.all || isWhole ? nil : try Self.ranges(of: call)
    let engine = space.space
    let areas = engine.areaCount
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      if let ranges { try engine.unmap(ranges, waiting) } else { try engine.unmapAll(waiting) }
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let bytes):
        self.contexts.census.totals.unmaps += UInt64(max(areas - engine.areaCount, 0))
        self.contexts.census.totals.unmappedBytes += bytes
        for table in space.tables { table.book() }
        return .init(unmapped: bytes)
      case .failure(let refusal):
        throw self.unmapFailure(refusal, call, context, space)
      }
    }
  }

  private static func ranges(of call: IOASUnmap) throws(Failure) -> [IOVARange] {
    guard !call.ranges.isEmpty else { throw Failure(.einval, "there is nothing to unmap", field: "ranges") }
    var ranges: [IOVARange] = []
    for (position, range) in call.ranges.enumerated() {
      guard let whole = IOVARange(first: range.iova, length: range.length) else {
        let prefix = call.single ? "" : "ranges[\(position)]."
        let refusal: Refusal =
          range.length == 0 ? .emptyRange : .overflow(start: range.iova.rawValue, length: range.length)
        throw Failure(refusal, Origins(range: prefix))
      }
      ranges.append(whole)
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

  private func unmapFailure(
    _ refusal: Refusal, _ call: IOASUnmap, _ context: Context, _ space: HeldSpace
  ) -> Failure {
    var prefix = ""
    if !call.single {
      let position = call.ranges.firstIndex { range in
        guard let range = IOVARange(first: range.iova, length: range.length) else { return false }
        switch refusal {
        case .noArea(let other), .cutsArea(let other, _): return range == other
        case .pinned(let area), .areaInTransition(let area): return range.overlaps(area)
        default: return false
        }
      }
      prefix = position.map { "ranges[\($0)]." } ?? ""
    }
    var failure = Failure(refusal, Origins(range: prefix))
    if case .pinned(let area) = refusal { failure.pins = pins(in: area, of: space, context) }
    return failure
  }

  /// Pins that reach into `area`, each access's in order, as many as a list has.
  private func pins(in area: IOVARange, of space: HeldSpace, _ context: Context) -> [UInt32] {
    let all = context.accesses.values.filter { $0.space === space }.sorted { $0.id < $1.id }.flatMap {
      $0.held.filter { $0.value.range.overlaps(area) }.map(\.key).sorted()
    }
    return Array(all.prefix(Int(WireLimit.maximumItems)))
  }

  package func areas(_ call: IOASAreas, _ session: Session) throws(Failure) -> Outcome<IOASAreas.Result> {
    let space = try session.context.space(call.ioas)
    let limit = try call.limit.items()
    // One more than asked for says whether there is a next one.
    var areas = space.space.areas(after: call.after, limit: limit + 1)
    let isMore = areas.count > limit
    if isMore { areas.removeLast() }
    let next = isMore ? areas.last?.range.first : nil
    let items = areas.compactMap { area -> IOASAreas.Item? in
      // A map that a worker is making has no id yet.
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
      case .live: item.state = .mapped
      case .settingUp: item.state = .mapping
      case .tearingDown: item.state = .unmapping
      }
      return item
    }
    return .done(.init(items, next: next))
  }
}
