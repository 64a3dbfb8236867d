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

  @Test func `What is about to come back finds its range free, whoever came before`() throws {
    let unit = FrameAllocator.unit << 12
    let old = FrameAllocator()
    let bases = try (1...3).map { try old.allocate(bytes: UInt64($0) * unit) }
    #expect(FrameAllocator.end(of: bases[2], bytes: 3 * unit) == 10)
    #expect(FrameAllocator.end(of: PFN(.max), bytes: .max) == 1 << 22)

    let frames = FrameAllocator()
    frames.reserve(below: 10)
    let early = try frames.allocate(bytes: unit)
    #expect(early == PFN(10 * FrameAllocator.unit))
    #expect(frames.take(bases[2], bytes: 3 * unit) && !frames.take(bases[2], bytes: unit))
    frames.free(early, bytes: unit)
    // The end has moved down meanwhile, and still nothing is given out there.
    frames.free(bases[2], bytes: 3 * unit)
    #expect(try frames.allocate(bytes: unit) == early)
    #expect(frames.take(bases[0], bytes: unit) && frames.take(bases[1], bytes: 2 * unit))
    frames.endReserving()
    #expect(try frames.allocate(bytes: 3 * unit) == bases[2])
    #expect(try frames.allocate(bytes: unit) == PFN(11 * FrameAllocator.unit))

    let idle = FrameAllocator()
    idle.reserve(below: 10)
    _ = try idle.allocate(bytes: unit)
    idle.free(PFN(10 * FrameAllocator.unit), bytes: unit)
    idle.endReserving()
    #expect(try idle.allocate(bytes: unit) == bases[0])
  }
}
