// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// I/O page tables.
package struct HWPTService {
  let contexts: Contexts

  package func alloc(_ call: HWPTAlloc, _ session: Session) throws(Failure) -> Outcome<HWPTAlloc.Result> {
    let context = session.context
    let profile = try context.device(call.device).device.profile
    let space = try context.space(call.ioas)
    if call.dirtyTracking, !profile.dirtyTracking {
      let words = "device \(call.device) was bound without dirty tracking"
      throw Failure(.eopnotsupp, words, field: "dirty_tracking")
    }
    // Paid for before it is there.
    try context.reserveObject()
    let (tables, engine) = (context.tables, space.space)
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try tables.make(profile.shape, in: engine, tracking: call.dirtyTracking, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let made):
        let table = context.adopt(
          { HeldTable(id: $0, table: made, space: space, account: context.account) }, as: { .hwpt($0) })
        space.tables.append(table)
        return .init(hwpt: table.id.rawValue)
      case .failure(let refusal):
        context.unreserveObject()
        throw Failure(refusal, Origins(length: "ioas", source: "ioas", account: context.account))
      }
    }
  }

  package func info(_ call: HWPTInfo, _ session: Session) throws(Failure) -> Outcome<HWPTInfo.Result> {
    let table = try session.context.table(call.hwpt)
    let engine = table.table
    let isLarge = engine.domain.tableBytes > Self.quickTableBytes
    return try session.context.attempt(isLarge: isLarge, busy: [table]) { (_) throws(Refusal) in
      (engine.domain.levels(), engine.domain.tableBytes)
    } then: { (result) throws(Failure) in
      switch result {
      case .success((let levels, let bytes)): Self.info(table, levels, bytes)
      case .failure(let refusal): throw Failure(refusal)
      }
    }
  }

  /// Bytes of a table that the loop itself looks at.
  private static let quickTableBytes: UInt64 = 256 << 10

  private static func info(_ table: HeldTable, _ levels: [TableLevel], _ bytes: UInt64) -> HWPTInfo.Result {
    let shape = table.table.shape
    var result = HWPTInfo.Result()
    result.hwpt = table.id.rawValue
    result.ioas = table.space.id.rawValue
    result.format = shape.format.onWire
    result.pageSizes = shape.pageSizes.list
    result.aperture = AddressRange(shape.aperture)
    result.automatic = table.table.isAutomatic
    result.devices = UInt64(table.devices)
    result.dirtyTracking = table.table.canTrack
    result.tracking = table.table.isTracking
    result.tableBytes = bytes
    result.levels = levels.map { level in
      var answer = HWPTInfo.Level()
      answer.level = UInt32(level.level)
      answer.entrySize = level.entrySize
      answer.isLeafLevel = level.isLeafLevel
      answer.tables = level.tables
      answer.leaves = level.leaves
      return answer
    }
    return result
  }

  // MARK: Translation

  package func translate(
    _ call: HWPTTranslate, _ session: Session
  ) throws(Failure) -> Outcome<HWPTTranslate.Result> {
    let table = try session.context.table(call.hwpt)
    let limit = try call.limit.items()
    let range = try IOVARange.named(call.iova, call.length)
    let engine = table.table
    return try session.context.attempt(busy: [table, table.space]) { (waiting) throws(Refusal) in
      try engine.runs(in: range, limit: limit, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let walk): .init(runs: walk.runs.compactMap(Self.run), next: walk.next)
      case .failure(let refusal): throw Failure(refusal)
      }
    }
  }

  private static func run(_ run: PageTable.Run) -> HWPTTranslate.Run? {
    guard let slice = run.pages.account as? Slice else { return nil }
    var answer = HWPTTranslate.Run()
    answer.iova = run.range.first
    answer.length = run.range.last.rawValue - run.range.first.rawValue + 1
    answer.pageSize = run.pageSize
    answer.read = run.protection.contains(.read)
    answer.write = run.protection.contains(.write)
    answer.frame = IOVA(run.address)
    answer.memory = slice.memory.rawValue
    answer.offset = run.offset
    return answer
  }
}
