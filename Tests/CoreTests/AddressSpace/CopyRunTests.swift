// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// Copies move runs: one call of the origin for each, whatever leaves and pages lie in between.
@Suite struct CopyRunTests {
  private static let bytes = 1 << 20

  /// A space with one area of 256 pages in both formats, and its origin, filled with a pattern.
  private func scene(_ pattern: FramePattern) throws -> (AddressSpace, [any Domain], TestOrigin, [UInt8]) {
    let origin = TestOrigin(pages: 300, pattern: pattern, holdsBytes: true)
    for index in origin.bytes.indices {
      origin.bytes[index] = UInt8(truncatingIfNeeded: index * 7 + index >> 12)
    }
    let space = AddressSpace()
    let domains: [any Domain] = [try VTDDomain(), try FlatDomain(pageSizes: PageSizes(rawValue: 4096))]
    for domain in domains { try space.attach(domain) }
    _ = try space.map([
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: 0x3000, writable: true, account: TestAccount()), iova: IOVA(0x10000),
        length: UInt64(Self.bytes), protection: [.read, .write])
    ])
    return (space, domains, origin, Array(origin.bytes[0x3000..<0x3000 + Self.bytes]))
  }

  private func clear(_ space: AddressSpace, _ domains: [any Domain]) throws {
    for domain in domains { try space.detach(domain) }
    _ = try space.unmapAll()
  }

  /// 255 pages and two parts of pages, from byte 5 on.
  @Test(arguments: [(FramePattern.contiguous, 1), (.runsOf4, 65), (.scattered, 256)])
  func oneCallForEachRun(pattern: FramePattern, calls: Int) throws {
    let (space, domains, origin, all) = try scene(pattern)
    let count = Self.bytes - 9
    let expected = Array(all[5..<5 + count])
    for domain in domains {
      let buffer = Bytes([UInt8](repeating: 0, count: count))
      origin.copies = 0
      try unsafe space.dmaRead(domain, IOVA(0x10005), into: buffer.raw)
      #expect(buffer.array == expected)
      #expect(origin.copies == calls)
      origin.copies = 0
      try unsafe space.dmaWrite(domain, IOVA(0x10005), from: buffer.readOnly)
      #expect(origin.copies == calls)
      #expect(Array(origin.bytes[0x3000..<0x3000 + Self.bytes]) == all)
    }
    let buffer = Bytes([UInt8](repeating: 0, count: count))
    origin.copies = 0
    try unsafe space.read(IOVA(0x10005), into: buffer.raw, by: .frames)
    #expect(buffer.array == expected)
    #expect(origin.copies == calls)
    try clear(space, domains)
  }
}
