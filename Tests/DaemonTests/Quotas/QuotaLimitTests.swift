// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// One thing that a quota bounds: how to take one more of it.
struct Bounded: CustomTestStringConvertible, Sendable {
  let quota: Quota
  let testDescription: String
  /// What one of them costs.
  let cost: UInt64
  let errno: Errno
  let field: String?
  /// Takes the nth one.
  let take: @Sendable (LimitStage, Int) throws -> Void

  static let all: [Bounded] = [
    Bounded(quota: .connections, "connections", .edquot, nil) { stage, _ in
      stage.callers.append(try stage.house.connect(uid: LimitStage.uid))
    },
    Bounded(quota: .contexts, "named contexts", .edquot, "name") { stage, number in
      let caller = try stage.another()
      _ = try caller.open("context \(number)")
    },
    Bounded(quota: .objects, "address spaces", .edquot, nil) { stage, _ in _ = try stage.caller.ioas() },
    Bounded(quota: .objects, "devices", .edquot, nil) { stage, _ in _ = try stage.caller.device() },
    Bounded(quota: .objects, "accesses", .edquot, nil) { stage, _ in
      _ = try stage.caller.access(stage.ioas)
    },
    Bounded(quota: .objects, "memories", .edquot, nil) { stage, _ in try stage.map(.new) },
    Bounded(quota: .areas, "areas", .edquot, "ioas") { stage, _ in try stage.map(.memory(stage.memory)) },
    Bounded(quota: .areas, "areas of a copy", .edquot, "dst_ioas") { stage, _ in
      let copy = IOASCopy(from: stage.ioas, IOVA(LimitStage.base), length: 4096, to: stage.other)
      _ = try stage.caller.call(stage.caller.services.ioas.copy, copy)
    },
    Bounded(quota: .descriptors, cost: 2, "files", .edquot, "source.fd") { stage, _ in
      try stage.map(.fd(0), [TestMemory(pages: 1).passed()])
    },
    Bounded(quota: .descriptors, cost: 1, "processes", .edquot, "source") { stage, _ in
      try stage.map(.process(0, address: IOVA(0x1000)), [Scene.ownMemory()])
    },
    Bounded(quota: .heldBytes, cost: 2 * 4096, "bytes of files", .edquot, "source.fd") { stage, _ in
      try stage.map(.fd(0), [TestMemory(pages: 2).passed()])
    },
    Bounded(quota: .heldBytes, cost: 4096, "bytes of processes", .edquot, "source") { stage, _ in
      try stage.map(.process(0, address: IOVA(0x1000)), [Scene.ownMemory()])
    },
    Bounded(quota: .pinnedBytes, cost: 4096, "new memory", .enomem, "source") { stage, _ in
      try stage.map(.new)
    },
    Bounded(quota: .pinnedBytes, cost: 4096, "what a device sees", .enomem, "length") { stage, _ in
      try stage.mapSeen(.memory(stage.memory))
    },
    Bounded(quota: .pinnedBytes, cost: 4096, "what an access pins", .enomem, "length") { stage, number in
      try stage.map(.memory(stage.memory), at: 0x80_0000 + UInt64(number) * 4096)
      let access = try stage.caller.access(stage.ioas)
      _ = try stage.caller.pin(access, 0x80_0000 + UInt64(number) * 4096, 4096)
    },
    Bounded(quota: .engineBytes, cost: 320, "pins", .enomem, "access") { stage, _ in
      _ = try stage.caller.pin(stage.access, LimitStage.base, 4096)
    },
    Bounded(quota: .engineBytes, cost: 4 * 4096, "I/O page tables", .enomem, "to") { stage, _ in
      // A table for each level down to the page at 4 MiB.
      try stage.caller.attach(try stage.caller.device(), to: try stage.mappedSpace())
    },
  ]

  init(
    quota: Quota, cost: UInt64 = 1, _ description: String, _ errno: Errno, _ field: String?,
    take: @escaping @Sendable (LimitStage, Int) throws -> Void
  ) {
    self.quota = quota
    self.cost = cost
    testDescription = description
    self.errno = errno
    self.field = field
    self.take = take
  }
}

/// A user with something of everything.
final class LimitStage {
  static let uid: UInt32 = 1000
  static let base: UInt64 = 0x40_0000

  let house: House
  var callers: [Caller] = []
  let caller: Caller
  let ioas: UInt32
  let other: UInt32
  let seen: UInt32
  let memory: UInt32
  let access: UInt32

  init(_ house: House) throws {
    self.house = house
    caller = try house.connect(uid: Self.uid)
    ioas = try caller.ioas()
    other = try caller.ioas()
    seen = try caller.ioas()
    try caller.attach(try caller.device(), to: seen)
    memory = try caller.map(
      ioas, .init(length: 4096, source: .fd(0), iova: IOVA(Self.base)), [TestMemory(pages: 1).passed()]
    ).memory
    access = try caller.access(ioas)
  }

  func another() throws -> Caller {
    let caller = try house.connect(uid: Self.uid)
    callers.append(caller)
    return caller
  }

  func map(_ source: Source, at iova: UInt64? = nil, _ descriptors: [Int32] = []) throws {
    try caller.map(ioas, .init(length: 4096, source: source, iova: iova.map { IOVA($0) }), descriptors)
  }

  func mapSeen(_ source: Source) throws { try caller.map(seen, .init(length: 4096, source: source)) }

  /// An IOAS that nobody sees yet, with a page in it.
  func mappedSpace() throws -> UInt32 {
    let space = try caller.ioas()
    try caller.map(
      space, .init(length: 4096, source: .memory(memory), iova: IOVA(Self.base)))
    return space
  }

  func use(of quota: Quota) -> UInt64 { house.quotas.account(of: Self.uid).use(of: quota) }

  func close() throws {
    for caller in callers + [caller] { caller.close() }
    callers = []
    try house.runBacklog()
  }
}

@Suite("Quotas of a user, each at its limit")
struct QuotaLimitTests {
  @Test(
    "Are reached exactly, refused with the quota, the use and the limit, and given back",
    arguments: Bounded.all)
  func limit(bounded: Bounded) throws {
    let (fits, spare) = (3, 5)
    // What the stage itself takes comes first; then there is room for so many, and for one byte too few.
    let probe = House()
    let stage = try LimitStage(probe)
    let limit = stage.use(of: bounded.quota) + UInt64(fits) * bounded.cost
    try stage.close()
    // Pins are counted in pages.
    for slack in bounded.cost == 1 || bounded.quota == .pinnedBytes ? [0] : [0, bounded.cost - 1] {
      let house = House { limits in
        limits[bounded.quota, of: LimitStage.uid] = limit + slack
        for quota in Quota.allCases where limits[each: quota] < 1 << 20 && quota != bounded.quota {
          limits[each: quota] = 1 << 20
        }
      }
      let empty = try house.state
      let stage = try LimitStage(house)
      for number in 0..<fits { try bounded.take(stage, number) }
      #expect(stage.use(of: bounded.quota) == limit)
      for number in fits..<spare {
        do {
          try bounded.take(stage, number)
          Issue.record("one too many")
        } catch let failure as Failure {
          #expect(failure.errno == bounded.errno)
          #expect(failure.field == bounded.field, "\(failure)")
          #expect(failure.message.contains(bounded.quota.name), "\(failure)")
          #expect(failure.message.contains("\(limit) in use"), "\(failure)")
          #expect(failure.message.contains("limit is \(limit + slack)"), "\(failure)")
        }
        #expect(stage.use(of: bounded.quota) == limit)
      }
      try stage.close()
      #expect(try house.state == empty)
      for quota in Quota.allCases { #expect(stage.use(of: quota) == 0, "\(quota)") }
    }
  }

  @Test("Others are not touched by one who is at the limit", arguments: Bounded.all)
  func others(bounded: Bounded) throws {
    let house = House { $0[bounded.quota, of: 1001] = 0 }
    let stage = try LimitStage(house)
    try bounded.take(stage, 0)
    try stage.close()
  }

  /// Does a bit of everything.
  private func story(_ house: House) throws {
    let caller = try house.connect(uid: LimitStage.uid)
    defer { caller.close() }
    _ = try caller.open("story")
    let ioas = try caller.ioas()
    let file = try TestMemory(pages: 2)
    try caller.map(
      ioas, .init(length: 4096, source: .fd(0), iova: IOVA(0x1000)), [file.passed(readOnly: true)])
    let ranges: [IOASMap.Range] = [
      .init(length: 8192, source: .fd(0), iova: IOVA(0x10000)),
      .init(length: 8192, source: .new, iova: IOVA(0x20000)),
      .init(length: 8192, source: .process(1, address: IOVA(0x1000)), iova: IOVA(0x30000)),
    ]
    _ = try caller.call(
      caller.services.ioas.map, IOASMap(ioas: ioas, ranges: ranges), [file.passed(), Scene.ownMemory()])
    try caller.attach(try caller.device(), to: ioas)
    try caller.attach(try caller.device { $0.format = .flat }, to: ioas)
    let access = try caller.access(ioas)
    _ = try caller.pin(access, 0x10000, 8192)
    let copy = IOASCopy(from: ioas, IOVA(0x20000), length: 8192, to: try caller.ioas())
    _ = try caller.call(caller.services.ioas.copy, copy)
    try caller.unmap(ioas, 0x20000, 8192)
    _ = try caller.call(caller.services.context.destroy, ContextDestroy("story"))
  }

  @Test("Whatever runs out, and wherever, nothing stays of it", arguments: Quota.allCases)
  func sweep(quota: Quota) throws {
    let step: UInt64 =
      switch quota {
      case .connections, .contexts, .objects, .areas, .descriptors: 1
      case .heldBytes, .pinnedBytes, .engineBytes: 4096
      }
    var limit: UInt64 = 0
    var refusals = 0
    while true {
      let house = House { $0[quota, of: LimitStage.uid] = limit }
      let admin = try house.connect(uid: 0, role: .admin)
      var refusal: Failure?
      do {
        try story(house)
      } catch let failure as Failure {
        refusal = failure
      }
      try house.runBacklog()
      // What had been made by then stays in the named context.
      if house.services.contexts.find("story", of: LimitStage.uid) != nil {
        _ = try admin.call(
          admin.services.context.destroy, ContextDestroy("story", owner: LimitStage.uid))
      }
      admin.close()
      for quota in Quota.allCases { #expect(house.quotas.use(of: quota) == 0, "\(quota) at \(limit)") }
      #expect(house.services.contexts.census.objects == ServerStats.Objects())
      guard let refusal else { break }
      refusals += 1
      #expect([.edquot, .enomem].contains(refusal.errno), "\(refusal)")
      #expect(refusal.message.contains(quota.name), "\(refusal)")
      limit += step
      // A flat table is half a MiB at once.
      if quota == .engineBytes, refusals > 8 { limit += 16 * 4096 }
      try #require(refusals < 1000)
    }
    #expect(refusals > 0)
  }
}
