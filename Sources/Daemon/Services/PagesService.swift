// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Pages objects, and where their frame numbers are.
package struct PagesService {
  package func list(_ call: PagesList, _ session: Session) throws(Failure) -> Outcome<PagesList.Result> {
    let context = session.context
    try context.checkAlive()
    let limit = try call.limit.items()
    var found: [(id: ObjectID, pages: Pages)] = []
    var walk = ListWalk(limit)
    context.objects.forEach(after: call.after.flatMap { ObjectID($0) }) { id, entry in
      guard case .pages(let info) = entry, let pages = context.shown(id, info)?.area.pages else {
        return walk.visit(id, false) {}
      }
      return walk.visit(id, true) { found.append((id, pages)) }
    }
    let next = walk.next
    let all = found
    return try context.attempt { (waiting) throws(Refusal) in
      var items: [PagesList.Item] = []
      for (id, pages) in all { items.append(try Self.item(id, pages, waiting)) }
      return items
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let items): .init(items, next: next)
      case .failure(let refusal): throw Failure(refusal)
      }
    }
  }

  package func tiers(_ call: PagesTiers, _ session: Session) throws(Failure) -> Outcome<PagesTiers.Result> {
    let context = session.context
    let (id, info) = try context.slice(call.pages)
    let limit = try call.limit.items()
    guard let pages = context.shown(id, info)?.area.pages else {
      throw Failure(.enoent, "pages object \(id) is just going", field: "pages")
    }
    let after = call.after
    return try context.attempt { (waiting) throws(Refusal) in
      (try Self.item(id, pages, waiting), try pages.tiers(waiting))
    } then: { (result) throws(Failure) in
      switch result {
      case .success((let item, let spans)):
        let rest = spans.filter { span in after.map { span.range.first.rawValue > $0 } ?? true }
        let next = rest.count > limit ? rest[limit - 1].range.first.rawValue : nil
        return .init(info: item, items: rest.prefix(limit).map { Self.span($0, item.residency) }, next: next)
      case .failure(let refusal):
        throw Failure(refusal)
      }
    }
  }

  private static func item(
    _ id: ObjectID, _ pages: Pages, _ waiting: Waiting
  ) throws(Refusal) -> PagesList.Item {
    var item = PagesList.Item()
    item.pages = id.rawValue
    item.memory = (pages.account as? Slice)?.memory.rawValue ?? 0
    item.offset = pages.firstInOrigin << Page.shift
    item.count = pages.count
    item.writable = pages.writable
    item.residency = MemoryService.residency(of: pages)
    // What the engine holds of advisory pages is pinned by nobody.
    if item.residency != .advisory { item.pinnedPages = try pages.pinnedPages(waiting) }
    return item
  }

  private static func span(_ span: TierSpan, _ residency: Residency) -> PagesTiers.Span {
    var answer = PagesTiers.Span()
    answer.page = span.range.first.rawValue
    answer.count = span.range.count
    answer.tier = tier(span.tier)
    answer.pinned = span.isPinned && residency != .advisory
    answer.accesses = span.accesses
    answer.domains = span.domains
    return answer
  }

  static func tier(_ tier: Tier) -> PagesTiers.Tier {
    switch tier {
    case .store: .store
    case .domain: .domain
    case .origin: .origin
    }
  }
}
