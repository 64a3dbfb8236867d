// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

extension IOASService {
  /// Items of each list in an explanation.
  private static let most = 100

  package func explain(
    _ call: IOASExplain, _ session: Session
  ) throws(Failure) -> Outcome<IOASExplain.Result> {
    let context = session.context
    let space = try context.space(call.ioas)
    guard let area = space.space.area(at: call.iova), let item = Self.item(area),
      let slice = area.pages.account as? Slice
    else { throw Failure(Refusal.notMapped(call.iova)) }
    let byte = area.byteOffset + (call.iova.rawValue - area.range.first.rawValue)
    var answer = IOASExplain.Result()
    answer.area = item
    answer.page = byte >> Page.shift
    answer.offset = area.pages.firstInOrigin << Page.shift + byte
    answer.residency = MemoryService.residency(of: area.pages)
    answer.kind = context.memories[slice.memory]?.kind ?? .fd
    answer.holders = Self.holders(of: call.iova, in: space, context)
    let start = answer
    let tables = space.tables.map { ($0.id, $0.table.domain) }
    let (pages, page) = (area.pages, PageIndex(byte >> Page.shift))
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      (try pages.span(at: page, waiting), tables.map { ($0.0, $0.1.translate(call.iova)) })
    } then: { (result) throws(Failure) in
      switch result {
      case .success((let span, let translations)):
        var answer = start
        answer.tier = PagesService.tier(span.tier)
        answer.pinned = span.isPinned && answer.residency != .advisory
        answer.accesses = span.accesses
        answer.domains = span.domains
        answer.tables = translations.compactMap { id, translation in
          translation.map { Self.table(id, $0, context) }
        }
        return answer
      case .failure(let refusal):
        throw Failure(refusal)
      }
    }
  }

  private static func holders(
    of iova: IOVA, in space: HeldSpace, _ context: Context
  ) -> [IOASExplain.Holder] {
    var holders: [IOASExplain.Holder] = []
    for access in context.accesses.values.sorted(by: { $0.id < $1.id }) where access.space === space {
      let pins = access.held.filter { $0.value.range.contains(iova) }.sorted { $0.key < $1.key }
      for (id, pin) in pins where holders.count < most {
        var holder = IOASExplain.Holder()
        holder.access = access.id.rawValue
        holder.pin = id
        holder.first = pin.range.first
        holder.last = pin.range.last
        holders.append(holder)
      }
    }
    return holders
  }

  private static func table(
    _ id: ObjectID, _ translation: Translation, _ context: Context
  ) -> IOASExplain.Table {
    var table = IOASExplain.Table()
    table.hwpt = id.rawValue
    table.pageSize = translation.pageSize
    table.frame = IOVA(translation.address)
    table.read = translation.protection.contains(.read)
    table.write = translation.protection.contains(.write)
    let devices = context.devices.filter { $0.value.table?.id == id }.keys.sorted()
    table.devices = devices.prefix(most).map(\.rawValue)
    return table
  }
}
