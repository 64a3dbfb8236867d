// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuLinux
import Testing

@Suite struct FrameAllocatorTests {
  private let gibibyte: UInt64 = 1 << 30
  private var unit: UInt64 { FrameAllocator.unit }

  @Test func rangesAreAlignedAndApart() throws {
    let frames = FrameAllocator()
    let first = try frames.allocate(bytes: 1)
    let second = try frames.allocate(bytes: gibibyte + 1)
    let third = try frames.allocate(bytes: 0)
    #expect(first.rawValue == 4 * unit)
    #expect(second.rawValue == 5 * unit)
    #expect(third.rawValue == 7 * unit)
  }

  @Test func whatComesBackIsUsedAgainLowestFirst() throws {
    let frames = FrameAllocator()
    let ranges = try (0..<4).map { _ in try frames.allocate(bytes: gibibyte) }
    frames.free(ranges[0], bytes: gibibyte)
    frames.free(ranges[2], bytes: gibibyte)
    // Too large for either gap.
    let large = try frames.allocate(bytes: 2 * gibibyte)
    #expect(large.rawValue == 8 * unit)
    // The middle joins its neighbours to three.
    frames.free(ranges[1], bytes: gibibyte)
    #expect(try frames.allocate(bytes: 3 * gibibyte) == ranges[0])
    frames.free(ranges[0], bytes: 3 * gibibyte)
    frames.free(large, bytes: 2 * gibibyte)
    frames.free(ranges[3], bytes: gibibyte)
    #expect(try frames.allocate(bytes: 100 * gibibyte).rawValue == 4 * unit)
  }

  @Test func theBusEnds() throws {
    let frames = FrameAllocator()
    _ = try frames.allocate(bytes: (1 << 52) - 8 * gibibyte)
    let last = try frames.allocate(bytes: 4 * gibibyte)
    #expect(last.rawValue + 4 * unit == 1 << 40)
    #expect(throws: Errno.enospc) { _ = try frames.allocate(bytes: 1) }
    #expect(throws: Errno.enospc) { _ = try FrameAllocator().allocate(bytes: .max) }
  }
}
