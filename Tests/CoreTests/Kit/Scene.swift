// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// One origin, one account and what small scenarios do with them. Origin and domains share a ledger, so that an
/// unpin of what is still mapped is a problem of the origin.
final class Scene {
  let ledger = FrameLedger()
  let account = TestAccount()
  let origin: TestOrigin
  private(set) var made: [TestDomain] = []

  init(
    pages: UInt64 = 64, _ pattern: FramePattern = .contiguous, holdsBytes: Bool = false,
    faults: FaultPlan = FaultPlan()
  ) {
    origin = TestOrigin(
      pages: pages, pattern: pattern, ledger: ledger, faults: faults, holdsBytes: holdsBytes)
  }

  func domain(grain: UInt64 = 4096, faults: FaultPlan = FaultPlan()) -> TestDomain {
    let domain = TestDomain(grain: grain, ledger: ledger, faults: faults)
    made.append(domain)
    return domain
  }

  /// Maps `bytes` of the origin, in bytes, at `iova` and answers the area.
  @discardableResult
  func map(
    _ space: AddressSpace, _ iova: UInt64, offset: UInt64 = 0, bytes: UInt64,
    _ protection: Protection = [.read, .write], writable: Bool = true
  ) throws(Refusal) -> Pages {
    let memory = AddressSpace.MapRequest.Memory.origin(
      origin, offset: offset, writable: writable, account: account)
    return try map(space, memory, iova, bytes, protection)
  }

  /// Shows a part of `pages` once more.
  @discardableResult
  func copy(_ pages: Pages, offset: UInt64, bytes: UInt64, to space: AddressSpace, _ iova: UInt64)
    throws(Refusal) -> Pages
  {
    try map(space, .pages(pages, offset: offset), iova, bytes, [.read, .write])
  }

  private func map(
    _ space: AddressSpace, _ memory: AddressSpace.MapRequest.Memory, _ iova: UInt64, _ bytes: UInt64,
    _ protection: Protection
  ) throws(Refusal) -> Pages {
    _ = try space.map([
      AddressSpace.MapRequest(memory: memory, iova: IOVA(iova), length: bytes, protection: protection)
    ])
    guard let area = space.area(at: IOVA(iova)) else { throw .notMapped(IOVA(iova)) }
    return area.pages
  }

  /// Frames that tier 1 or a domain has for `range` of `pages`, one number a page.
  func frames(_ pages: Pages, _ range: ClosedRange<UInt64>) -> [UInt64] {
    var batch = RunBatch()
    _ = pages.heldFrames(of: IndexRange(range.lowerBound, through: range.upperBound), into: &batch)
    return (0..<batch.count).flatMap { position in
      (0..<batch[position].count).map { batch[position].pfn.rawValue + $0 }
    }
  }

  /// Frames that the origin has for `range`.
  func expected(_ range: ClosedRange<UInt64>) -> [UInt64] { range.map(origin.pfn) }

  /// What the origin and the domains objected to.
  var problems: [String] { origin.problems + made.flatMap(\.problems) }

  /// Indexes that are pinned, whoever holds them.
  var pinned: [UInt64] { origin.pins.values.flatMap { $0 }.sorted() }

  /// Lets everything of `spaces` go; answers what is wrong then.
  func clear(_ spaces: AddressSpace..., closing accesses: [Access] = []) throws -> [String] {
    for access in accesses { try access.close() }
    for space in spaces {
      for domain in try space.domains() { try space.detach(domain) }
      _ = try space.unmapAll()
    }
    var wrong = problems
    if origin.pinned != 0 { wrong.append("\(origin.pinned) pins are left") }
    if account.charged != 0 { wrong.append("\(account.charged) pages are still charged") }
    for domain in made where !domain.entries.isEmpty { wrong.append("a domain is not empty") }
    return wrong
  }
}

/// A range of IOVAs of whole pages.
func pageRange(_ iova: UInt64, pages: UInt64) -> IOVARange {
  IOVARange(IOVA(iova), through: IOVA(iova + (pages * Page.size - 1)))
}

/// The refusal of `body`; nil where it succeeds.
func refusal<T>(_ body: () throws(Refusal) -> T) -> Refusal? {
  do throws(Refusal) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
