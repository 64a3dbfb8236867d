// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// For each scenario the 1st, 2nd, ... fallible step fails until none is left to fail. After each failure the
/// state is what it was before the operation (I7).
@Suite struct FailNthTests {
  final class Bench {
    let ledger = FrameLedger()
    let faults = FaultPlan()
    let account: TestAccount
    let origin: TestOrigin
    let space = AddressSpace(batchLimit: 3)
    var attached: [TestDomain] = []
    var access: Access?

    init(_ pattern: FramePattern) {
      account = TestAccount(faults: faults)
      origin = TestOrigin(pages: 64, pattern: pattern, ledger: ledger, faults: faults)
      origin.shortPins = 5
    }

    func domain() -> TestDomain { TestDomain(ledger: ledger, faults: faults) }

    func attach() throws(Refusal) {
      let domain = domain()
      defer {
        if domain.entries.isEmpty == false, !attached.contains(where: { $0 === domain }) { leaks += 1 }
      }
      try space.attach(domain)
      attached.append(domain)
    }
    var leaks = 0

    func map(_ iova: UInt64, _ first: UInt64, _ pages: UInt64) throws(Refusal) {
      _ = try space.map([request(iova, first, pages)])
    }

    func request(_ iova: UInt64, _ first: UInt64, _ pages: UInt64) -> AddressSpace.MapRequest {
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: first << 12, writable: true, account: account), iova: IOVA(iova),
        length: pages << 12, protection: [.read, .write])
    }

    /// Everything that can be seen of the state.
    func digest() throws -> [String] {
      var lines = space.areas().map { "\($0.range) \($0.state) \($0.pins)" }
      for area in space.areas() { lines.append("\(try area.pages.tiers())") }
      for domain in attached {
        lines.append(
          domain.entries.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.address)" }.joined())
      }
      lines.append("\(account.charged) \(origin.pinned) \(leaks)")
      return lines
    }
  }

  private func sweep(
    _ name: String, prepare: (Bench) throws -> Void, _ operation: (Bench) throws(Refusal) -> Void
  ) throws {
    for pattern in FramePattern.allCases {
      var step = 0
      while true {
        let bench = Bench(pattern)
        try prepare(bench)
        let before = try bench.digest()
        bench.faults.arm(after: step)
        var failed = false
        do throws(Refusal) { try operation(bench) } catch { failed = true }
        let fired = bench.faults.fired
        bench.faults.arm(after: nil)
        #expect(failed == fired, "\(name): a fault at step \(step) went by")
        if failed { #expect(try bench.digest() == before, "\(name): step \(step) left something") }
        #expect(bench.origin.problems.isEmpty, "\(name): \(bench.origin.problems)")
        for domain in bench.attached { #expect(domain.problems.isEmpty, "\(name): \(domain.problems)") }
        bench.space._checkInvariants()
        try bench.access?.close()
        for domain in bench.attached { try bench.space.detach(domain) }
        _ = try bench.space.unmapAll()
        #expect(bench.origin.pinned == 0 && bench.account.charged == 0)
        if !failed { break }
        step += 1
      }
      #expect(step > 0, "\(name) has nothing that can fail")
    }
  }

  private func pin(_ bench: Bench, _ first: UInt64, _ pages: UInt64) throws(Refusal) {
    let access: Access
    if let present = bench.access { access = present } else { access = try Access(bench.space, pins: true) }
    bench.access = access
    guard let range = IOVARange(first: IOVA(first), length: pages << 12) else { return }
    _ = try access.pin(range, write: true)
  }

  @Test func aNewMapWithThreeDomains() throws {
    try sweep("map") { bench in
      for _ in 0..<3 { try bench.attach() }
    } _: { bench throws(Refusal) in
      try bench.map(0x10000, 3, 23)
    }
  }

  @Test func severalMapsInOneCall() throws {
    try sweep("maps") { bench in
      for _ in 0..<2 { try bench.attach() }
    } _: { bench throws(Refusal) in
      _ = try bench.space.map([
        bench.request(0x10000, 0, 7), bench.request(0x20000, 9, 8), bench.request(0x30000, 20, 9),
      ])
    }
  }

  @Test func aDomainThatJoins() throws {
    for others in 0..<2 {
      try sweep("attach beside \(others)") { bench in
        for _ in 0..<others { try bench.attach() }
        try bench.map(0x10000, 0, 11)
        try bench.map(0x20000, 20, 12)
        try pin(bench, 0x13000, 4)
      } _: { bench throws(Refusal) in
        try bench.attach()
      }
    }
  }

  @Test func aPinOverMixedTiers() throws {
    try sweep("pin") { bench in
      try bench.map(0x10000, 0, 30)
      try pin(bench, 0x14000, 5)
      try pin(bench, 0x1c000, 3)
    } _: { bench throws(Refusal) in
      try pin(bench, 0x11000, 25)
    }
  }

  @Test func aPinAcrossAreas() throws {
    try sweep("pin across") { bench in
      try bench.map(0x10000, 0, 8)
      try bench.map(0x18000, 30, 8)
    } _: { bench throws(Refusal) in
      try pin(bench, 0x12000, 12)
    }
  }
}
