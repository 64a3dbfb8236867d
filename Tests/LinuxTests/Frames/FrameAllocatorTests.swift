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

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `Whatever is taken, allocated and freed, nothing is had twice and the lowest gap comes first`(
    seed: UInt64
  ) throws {
    var random = seed
    func number(_ below: UInt64) -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (random >> 33) % below
    }
    let frames = FrameAllocator()
    let firstUnit: UInt64 = 4
    var used: Set<UInt64> = []
    var held: [(first: UInt64, count: UInt64)] = []
    var reserved: UInt64 = 0
    if number(2) == 0 {
      reserved = number(40)
      frames.reserve(below: UInt32(reserved))
    }
    for step in 0..<400 {
      let count = number(4) + 1
      switch number(5) {
      case 0, 1:
        let base = try frames.allocate(bytes: count * gibibyte)
        var expected = max(firstUnit, reserved)
        while (expected..<expected + count).contains(where: used.contains) { expected += 1 }
        #expect(base.rawValue == expected * unit, "step \(step)")
        held.append((expected, count))
        used.formUnion(expected..<expected + count)
      case 2:
        let first = number(60)
        let isFree = first >= firstUnit && !(first..<first + count).contains(where: used.contains)
        #expect(frames.take(PFN(first * unit), bytes: count * gibibyte) == isFree, "step \(step)")
        if isFree {
          held.append((first, count))
          used.formUnion(first..<first + count)
        }
      default:
        guard !held.isEmpty else { break }
        let (first, count) = held.remove(at: Int(number(UInt64(held.count))))
        frames.free(PFN(first * unit), bytes: count * gibibyte)
        used.subtract(first..<first + count)
      }
      if step == 200 {
        frames.endReserving()
        reserved = 0
      }
    }
    #expect(!frames.take(PFN(firstUnit * unit + 1), bytes: 1), "not the beginning of a unit")
  }
}
