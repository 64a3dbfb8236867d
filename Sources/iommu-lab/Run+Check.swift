// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// The step `check`: compares the engine with what the script implies.
extension Run {
  /// Who should hold which indexes of one pages object.
  private struct Holders {
    var pages: Pages
    var accesses: [IndexRange] = []
    var domains: [IndexRange] = []
  }

  func check() throws {
    var holders: [ObjectIdentifier: Holders] = [:]
    for space in spaces.values {
      space.space._checkInvariants()
      try checkAreas(space, &holders)
      for (name, domain) in space.domains { try check(domain, name, of: space) }
    }
    var pinned: UInt64 = 0
    for holders in holders.values { pinned += try check(holders) }
    guard pinned == bench.state.pinned else {
      throw LabError("\(bench.state.pinned) pages are pinned, the script implies \(pinned)")
    }
    guard pinned == bench.state.charged else {
      throw LabError("\(bench.state.charged) pages are charged, \(pinned) pinned")
    }
  }

  private func checkAreas(_ space: LabSpace, _ holders: inout [ObjectIdentifier: Holders]) throws {
    let areas = space.space.areas()
    guard areas.count == space.areas.count else {
      throw LabError("`\(space.name)` has \(areas.count) areas, the script implies \(space.areas.count)")
    }
    for area in areas {
      guard let known = space.areas[area.range.first.rawValue], known.range == area.range,
        known.origin === area.pages.origin, known.offset == area.originOffset,
        known.protection == area.protection
      else { throw LabError("`\(space.name)` has an area at \(area.range) that the script does not imply") }
      let first = area.byteOffset
      let indexes = IndexRange(
        first >> Page.shift,
        through: (first + (area.range.last.rawValue - area.range.first.rawValue)) >> Page.shift)
      var held = holders[ObjectIdentifier(area.pages)] ?? Holders(pages: area.pages)
      if !space.domains.isEmpty { held.domains.append(indexes) }
      for pin in space.pins {
        guard let part = pin.range.intersection(area.range) else { continue }
        let low = first + (part.first.rawValue - area.range.first.rawValue)
        let high = first + (part.last.rawValue - area.range.first.rawValue)
        held.accesses.append(IndexRange(low >> Page.shift, through: high >> Page.shift))
      }
      holders[ObjectIdentifier(area.pages)] = held
    }
  }

  /// Compares the tiers of one pages object and answers its pinned pages.
  private func check(_ holders: Holders) throws -> UInt64 {
    var pinned: UInt64 = 0
    var next: UInt64 = 0
    for span in try holders.pages.tiers() {
      guard span.range.first.rawValue == next else { throw LabError("tiers do not tile") }
      next = span.range.last.rawValue + 1
      if span.isPinned { pinned += span.range.count }
      // Holders begin and end at the borders of spans, so any index of a span speaks for all of it.
      for index in [span.range.first, span.range.last] {
        let accesses = holders.accesses.count { $0.contains(index) }
        let domains = holders.domains.count { $0.contains(index) }
        let tier: Tier = accesses > 0 ? .store : domains > 0 ? .domain : .origin
        guard span.tier == tier, span.accesses == accesses, span.domains == domains else {
          throw LabError("page \(index.rawValue) is held as \(span), the script implies \(tier)")
        }
      }
    }
    guard next == holders.pages.count else { throw LabError("tiers end at page \(next)") }
    guard try pinned == holders.pages.pinnedPages() else { throw LabError("the engine's books are off") }
    return pinned
  }

  // MARK: Domains

  private func check(_ domain: CountingDomain, _ name: String, of space: LabSpace) throws {
    (domain.inner as? VTDDomain)?._checkInvariants()
    (domain.inner as? FlatDomain)?._checkInvariants()
    if domain.inner is NullDomain { return }
    for area in space.areas.values {
      try checkFrames(of: area, in: domain.inner, name)
      for (edge, offset) in [
        (area.range.first, area.offset), (area.range.last, area.offset + area.length - 1),
      ] {
        guard let translation = domain.translate(edge), translation.protection == area.protection,
          area.origin.index(of: PFN(translation.address >> Page.shift))?.rawValue == offset >> Page.shift,
          translation.address & Page.offsetMask == offset & Page.offsetMask
        else { throw LabError("`\(name)` leads \(edge) astray") }
      }
      for edge in [area.range.first.rawValue &- 1, area.range.last.rawValue &+ 1] {
        let isMapped = domain.translate(IOVA(edge)) != nil
        guard isMapped == (space.space.area(at: IOVA(edge)) != nil) else {
          throw LabError("`\(name)` has \(IOVA(edge)) mapped: \(isMapped)")
        }
      }
    }
  }

  /// Reads all frames of the area back.
  private func checkFrames(of area: LabSpace.Area, in domain: any Domain, _ name: String) throws {
    var batch = RunBatch(limit: .max)
    let skew = area.offset & Page.offsetMask
    let pages = domain.readRuns(
      DomainSlot(iova: area.range.first, skew: skew, length: area.length), into: &batch)
    var index = area.offset >> Page.shift
    for position in 0..<batch.count {
      let run = batch[position]
      for step in 0..<run.count {
        guard area.origin.index(of: run.pfn.advanced(by: step)) == PageIndex(index) else {
          throw LabError("`\(name)` has another frame than the origin for its page \(index)")
        }
        index += 1
      }
    }
    guard pages == batch.pages, index == (area.offset + area.length - 1) >> Page.shift + 1 else {
      throw LabError("`\(name)` has \(pages) pages at \(area.range)")
    }
  }
}

extension LabSpace.Area {
  /// Bytes.
  var length: UInt64 { range.last.rawValue - range.first.rawValue + 1 }
}
