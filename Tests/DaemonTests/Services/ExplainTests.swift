// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Explanations")
struct ExplainTests {
  @Test("One address is followed to its area, its pages, its memory and its frames, and to who holds it")
  func hops() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 8)
    let ioas = try caller.ioas()
    let (one, two) = (try caller.device(), try caller.device())
    let hwpt = try caller.attach(one, to: ioas)
    try caller.attach(two, to: ioas)
    let memory = try caller.map(
      ioas, .init(length: 4 * 4096, source: .fd(0, offset: 8192), iova: IOVA(0x10000)), [file.passed()]
    ).memory
    let access = try caller.access(ioas)
    let pin = try caller.pin(access, 0x11000, 8192).pin
    let other = try caller.pin(access, 0x10000, 4 * 4096).pin
    let told = try caller.explain(ioas, 0x12345)
    #expect(told.area == (try caller.areas(ioas)[0]))
    #expect(told.page == 2 && told.offset == 0x4345 && told.kind == .fd && told.area.memory == memory)
    #expect(told.tier == .store && told.pinned && told.accesses == 2 && told.domains == 1)
    #expect(told.holders.map(\.access) == [access, access] && told.holders.map(\.pin) == [pin, other])
    #expect(told.holders.map(\.first) == [IOVA(0x11000), IOVA(0x10000)])
    #expect(told.tables.map(\.hwpt) == [hwpt] && told.tables.map(\.devices) == [[one, two]])
    let translate = HWPTTranslate(hwpt: hwpt, iova: IOVA(0x12345), length: 1)
    let run = try #require(try caller.call(caller.services.hwpt.translate, translate).runs.first)
    #expect(told.tables.map(\.frame) == [run.frame] && told.tables.map(\.pageSize) == [run.pageSize])
    #expect(told.tables.allSatisfy { $0.read && $0.write })
    let last = try caller.explain(ioas, 0x13FFF)
    #expect(last.holders.map(\.pin) == [other] && last.page == 3 && last.accesses == 1)
    expect(.enoent, "iova") { _ = try caller.explain(ioas, 0x14000) }
    expect(.enoent, "iova") { _ = try caller.explain(ioas, 0xFFFF) }
  }

  @Test("Nobody holds what only an address space without devices maps; a copy elsewhere counts")
  func copies() throws {
    let house = House()
    let caller = try house.connect()
    let file = try TestMemory(pages: 4)
    let (source, target) = (try caller.ioas(), try caller.ioas())
    try caller.map(source, .init(length: 4 * 4096, source: .fd(0), iova: IOVA(0x10000)), [file.passed()])
    let idle = try caller.explain(source, 0x10000)
    #expect(idle.tier == .origin && !idle.pinned && idle.tables.isEmpty && idle.holders.isEmpty)
    try caller.attach(try caller.device(), to: target)
    try caller.copy(source, 0x11000, 4096, to: target, at: 0x50000)
    #expect(try caller.explain(source, 0x10000).tier == .origin)
    let shown = try caller.explain(source, 0x11000)
    #expect(shown.tier == .domain && shown.pinned && shown.domains == 1 && shown.tables.isEmpty)
    let there = try caller.explain(target, 0x50001)
    #expect(there.page == 1 && there.offset == 4097 && there.tables.count == 1)
  }
}

extension Caller {
  func explain(_ ioas: UInt32, _ iova: UInt64) throws -> IOASExplain.Result {
    try call(services.ioas.explain, IOASExplain(ioas: ioas, iova: IOVA(iova)))
  }
}
