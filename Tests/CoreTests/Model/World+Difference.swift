// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Compares everything that can be seen of the engine with what the model says.
extension World {
  func difference() throws -> String? {
    for origin in origins {
      if let problem = origin.problems.first { return problem }
    }
    for space in spaces {
      if let text = areasDiffer(space) ?? domainsDiffer(space) { return text }
      space.engine._checkInvariants()
    }
    return try tiersDiffer()
  }

  private func areasDiffer(_ space: Space) -> String? {
    let areas = space.engine.areas()
    guard areas.count == space.areas.count else { return "\(areas.count) areas, not \(space.areas.count)" }
    for (area, model) in zip(areas, space.areas) {
      if area.range.first.rawValue != model.iova || area.range.last.rawValue != model.last {
        return "area \(area.range)"
      }
      if area.pages !== model.pages.engine || area.byteOffset != model.byteOffset {
        return "slice of \(area.range)"
      }
      if Int(area.pins) != model.pins { return "\(area.pins) pins in \(area.range), not \(model.pins)" }
    }
    return nil
  }

  private func domainsDiffer(_ space: Space) -> String? {
    guard !space.domains.isEmpty else { return nil }
    var expected: [UInt64: UInt64] = [:]
    for area in space.areas {
      for byte in stride(from: UInt64(0), to: area.length, by: Int(grain)) {
        let offset = area.byteOffset + byte
        let frame = origins[area.pages.origin].pfn(area.pages.first + offset / 4096)
        expected[(area.iova + byte) / grain] = frame * 4096 + offset % 4096
      }
    }
    for domain in space.domains {
      if let problem = domain.problems.first { return problem }
      if domain.entries.count != expected.count {
        return "a domain has \(domain.entries.count) of \(expected.count)"
      }
      for (key, address) in expected where domain.entries[key]?.address != address {
        return "a domain translates \(IOVA(key * grain)) wrongly"
      }
    }
    return nil
  }

  private func tiersDiffer() throws -> String? {
    var objects: [ObjectIdentifier: ModelPages] = [:]
    var byAccess: [ObjectIdentifier: [UInt64: Int]] = [:]
    var byDomain: [ObjectIdentifier: [UInt64: Int]] = [:]
    for space in spaces {
      for area in space.areas {
        objects[ObjectIdentifier(area.pages)] = area.pages
        if !space.domains.isEmpty {
          for index in area.indexes {
            byDomain[ObjectIdentifier(area.pages), default: [:]][index, default: 0] += 1
          }
        }
      }
      for pin in space.pins {
        for part in pin.parts {
          for index in part.indexes {
            byAccess[ObjectIdentifier(part.pages), default: [:]][index, default: 0] += 1
          }
        }
      }
    }
    var pinned: UInt64 = 0
    for (id, pages) in objects {
      var held = 0
      for span in try pages.engine.tiers() {
        for index in span.range.first.rawValue...span.range.last.rawValue {
          let accesses = byAccess[id]?[index] ?? 0
          let domains = byDomain[id]?[index] ?? 0
          let tier: Tier = accesses > 0 ? .store : domains > 0 ? .domain : .origin
          if span.tier != tier { return "index \(index) is in \(span.tier), not \(tier)" }
          if span.accesses != UInt64(accesses) || span.domains != UInt64(domains) {
            return "holders of \(index)"
          }
          if tier != .origin { held += 1 }
        }
        if span.isPinned, let text = framesDiffer(pages, span.range) { return text }
      }
      let count = try pages.engine.pinnedPages()
      if count != UInt64(held) { return "\(count) pinned, not \(held)" }
      pinned += UInt64(held)
    }
    let atOrigins = origins.reduce(0) { $0 + $1.pinned }
    if UInt64(atOrigins) != pinned { return "the origins count \(atOrigins) pins, the model \(pinned)" }
    return account.charged == pinned ? nil : "\(account.charged) pages charged, not \(pinned)"
  }

  private func framesDiffer(_ pages: ModelPages, _ range: IndexRange) -> String? {
    var batch = RunBatch(limit: .max)
    guard pages.engine.heldFrames(of: range, into: &batch) == range.count else { return "frames of \(range)" }
    var index = range.first.rawValue
    for position in 0..<batch.count {
      for step in 0..<batch[position].count {
        let expected = origins[pages.origin].pfn(pages.first + index)
        if batch[position].pfn.rawValue + step != expected { return "the frame of index \(index)" }
        index += 1
      }
    }
    return nil
  }
}
