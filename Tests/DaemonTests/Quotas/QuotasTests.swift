// SPDX-License-Identifier: Apache-2.0

import IommuCore
import IommuDaemon
import Testing

@Suite("Quotas")
struct QuotasTests {
  private func quotas(_ change: (inout QuotaLimits) -> Void = { _ in }) -> Quotas {
    var limits = QuotaLimits(memory: 64 << 30, descriptors: 65_536)
    change(&limits)
    return Quotas(limits)
  }

  @Test("The limit is exact, and a refusal takes nothing")
  func exact() throws {
    let account = quotas().account(of: 1000)
    try account.take(127, of: .connections)
    #expect(throws: QuotaExceeded(quota: .connections, use: 127, wanted: 2, limit: 128)) {
      try account.take(2, of: .connections)
    }
    #expect(account.use(of: .connections) == 127)
    try account.take(1, of: .connections)
    #expect(throws: QuotaExceeded(quota: .connections, use: 128, wanted: 1, limit: 128)) {
      try account.take(1, of: .connections)
    }
    account.give(128, of: .connections)
    #expect(account.use(of: .connections) == 0)
  }

  @Test("Nobody takes more than half of what the others leave")
  func fairness() throws {
    let quotas = quotas { limits in
      limits[each: .objects] = 1000
      limits[whole: .objects] = 100
    }
    let first = quotas.account(of: 1)
    let second = quotas.account(of: 2)
    let third = quotas.account(of: 3)
    try first.take(50, of: .objects)
    #expect(throws: QuotaExceeded(quota: .objects, use: 50, wanted: 1, limit: 50)) {
      try first.take(1, of: .objects)
    }
    try second.take(25, of: .objects)
    #expect(throws: QuotaExceeded.self) { try second.take(1, of: .objects) }
    #expect(third.limit(of: .objects) == 12)
    #expect(quotas.use(of: .objects) == 75)
    first.give(50, of: .objects)
    #expect(second.limit(of: .objects) == 50)
  }

  @Test("An override counts for its uid alone")
  func overrides() throws {
    let quotas = quotas { $0[.areas, of: 7] = 2 }
    #expect(quotas.account(of: 7).limit(of: .areas) == 2)
    #expect(quotas.account(of: 8).limit(of: .areas) == 1 << 20)
  }

  @Test("Settings are read from text, and the last one for a limit counts")
  func settings() throws {
    #expect(QuotaSetting("objects=5") == QuotaSetting(.each, .objects, 5))
    #expect(QuotaSetting("1000:pinned_bytes=2G") == QuotaSetting(.user(1000), .pinnedBytes, 2 << 30))
    #expect(QuotaSetting("all:held_bytes=16T") == QuotaSetting(.all, .heldBytes, 16 << 40))
    #expect(QuotaSetting("engine_bytes=16777215T") == QuotaSetting(.each, .engineBytes, 16_777_215 << 40))
    for text in [
      "", "objects", "objects=", "=5", "objects=-1", "objects=+1", "objects=1.5", "objects=5k", "objects=K",
      "objects=16777216T", "bytes=5", "root:objects=5", "-1:objects=5", "+1:objects=5",
      "4294967296:objects=5",
      "all:1:objects=5", " objects=5",
    ] {
      #expect(QuotaSetting(text) == nil, "\(text)")
    }
    var limits = QuotaLimits(memory: 64 << 30, descriptors: 65_536)
    for text in ["objects=5", "7:objects=6", "all:objects=100", "7:objects=8"] {
      limits.apply(try #require(QuotaSetting(text)))
    }
    let quotas = Quotas(limits)
    #expect(quotas.account(of: 7).limit(of: .objects) == 8)
    #expect(quotas.account(of: 8).limit(of: .objects) == 5)
    try quotas.account(of: 7).take(8, of: .objects)
    #expect(quotas.limit(ofAll: .objects) == 100)
  }

  @Test("The books of a uid last as long as somebody holds them")
  func lifetime() throws {
    let quotas = quotas()
    let first = quotas.account(of: 5)
    #expect(quotas.account(of: 5) === first)
    try first.take(1, of: .contexts)
    #expect(quotas.account(of: 5).use(of: .contexts) == 1)
    first.give(1, of: .contexts)
  }

  @Test("Pins are charged in pages and refused as the engine refuses")
  func pins() throws {
    let account = quotas { $0[each: .pinnedBytes] = 10 * 4096 }.account(of: 1)
    try account.charge(pages: 10)
    #expect(throws: Refusal.pinLimit(pages: 1, used: 10, limit: 10)) { try account.charge(pages: 1) }
    account.uncharge(pages: 4)
    #expect(account.use(of: .pinnedBytes) == 6 * 4096)
    try account.charge(pages: 4)
    account.uncharge(pages: 10)
  }

  @Test("A process may use some memory, and no more than the machine has")
  func budget() {
    #expect(ProcessBudget.memory() >= 1 << 20)
    #expect(ProcessBudget.memory() < 1 << 60)
    #expect(ProcessBudget.descriptors() >= 64)
  }
}
