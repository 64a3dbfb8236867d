// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Options of address spaces")
struct OptionTests {
  @Test("huge_pages is 1 until it is set, and its value is answered")
  func getAndSet() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    #expect(try caller.option(ioas) == 1)
    #expect(try caller.option(ioas, 0) == 0)
    #expect(try caller.option(ioas) == 0)
    #expect(try caller.alignment(ioas) == 4096)
    #expect(try caller.option(ioas, 1) == 1)
    #expect(try caller.alignment(ioas) == 1)
    expect(.einval, "value") { _ = try caller.option(ioas, 2) }
    expect(.einval, "value") { _ = try caller.option(ioas, .max) }
    expect(.enoent, "ioas") { _ = try caller.option(99) }
  }

  @Test("With huge_pages 0 devices see pages of 4 KiB; with 1 they see the largest that fit")
  func leaves() throws {
    let house = House(frames: .bus)
    let caller = try house.connect()
    let ioas = try caller.ioas()
    let hwpt = try caller.attach(try caller.device(), to: ioas)
    func pageSizes() throws -> [UInt64] {
      let call = HWPTTranslate(hwpt: hwpt, iova: IOVA(0), length: 1 << 30)
      return try caller.call(caller.services.hwpt.translate, call).runs.map(\.pageSize)
    }
    _ = try caller.option(ioas, 0)
    try caller.map(ioas, .init(length: 2 << 20, source: .new, iova: IOVA(2 << 20)))
    #expect(try pageSizes() == [4096])
    // What is mapped already stays as it is; what comes is mapped at large.
    _ = try caller.option(ioas, 1)
    try caller.map(ioas, .init(length: 2 << 20, source: .new, iova: IOVA(4 << 20)))
    #expect(try pageSizes() == [4096, 2 << 20])
    #expect(try caller.unmap(ioas, 0, .max) == 4 << 20)
  }

  @Test("huge_pages 0 is refused while an HWPT maps areas, and where areas are not aligned; 1 never is")
  func refused() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 100, source: .new, iova: IOVA(0x10000)))
    expect(.eaddrinuse, "value") { _ = try caller.option(ioas, 0) }
    #expect(try caller.option(ioas) == 1)
    try caller.unmap(ioas, 0, .max)
    try caller.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x10000)))
    _ = try caller.option(ioas, 0)
    try caller.attach(try caller.device(), to: ioas)
    _ = try caller.option(ioas, 0)
    _ = try caller.option(ioas, 1)
    expect(.einval, "value") { _ = try caller.option(ioas, 0) }
    try caller.unmap(ioas, 0, .max)
    #expect(try caller.option(ioas, 0) == 0)
  }
}

extension Caller {
  func option(_ ioas: UInt32, _ value: UInt64? = nil) throws -> UInt64 {
    try call(services.ioas.option, IOASOption(ioas: ioas, .hugePages, value: value)).value
  }
}
