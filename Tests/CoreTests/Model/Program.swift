// SPDX-License-Identifier: Apache-2.0

/// One step of a random program. Its numbers are resolved against what exists when it runs, so any part of a
/// program is a program too, and a failing one can be shrunk.
enum Step {
  case map(
    space: Int, origin: Int, start: UInt64, pages: UInt64, place: UInt64, fixed: Bool, writable: Bool,
    cut: UInt64)
  case copy(from: Int, area: Int, to: Int, place: UInt64, fixed: Bool, skip: UInt64, pages: UInt64)
  case unmap(space: Int, area: Int, count: Int, cut: UInt64)
  case unmapAll(space: Int)
  case attach(space: Int)
  case detach(space: Int, domain: Int)
  case pin(space: Int, area: Int, skip: UInt64, pages: UInt64, write: Bool)
  case unpin(space: Int, pin: Int)
  case hugePages(space: Int, on: Bool)
  case copyBytes(space: Int, area: Int, skip: UInt64, length: UInt64, write: Bool, byFrames: Bool)

  static func random(using random: inout SplitMix) -> Step {
    func number(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    let space = Int.random(in: 0..<2, using: &random)
    let choice = Int.random(in: 0..<100, using: &random)
    let index = Int.random(in: 0..<64, using: &random)
    // Small sizes are likely, large ones possible: carries need more runs than a batch holds.
    let pages = Bool.random(using: &random) ? number(1...6) : number(1...40)
    switch choice {
    case 0..<24:
      return .map(
        space: space, origin: index % 2, start: number(0...80), pages: pages, place: number(0...120),
        fixed: index % 3 != 0, writable: index % 5 != 0, cut: index % 7 == 0 ? number(1...4095) : 0)
    case 24..<34:
      return .copy(
        from: space, area: index, to: Int.random(in: 0..<2, using: &random), place: number(0...120),
        fixed: index % 3 != 0, skip: number(0...4), pages: pages)
    case 34..<50:
      return .unmap(
        space: space, area: index, count: Int(number(1...3)), cut: index % 6 == 0 ? number(1...2) : 0)
    case 50..<52: return .unmapAll(space: space)
    case 52..<62: return .attach(space: space)
    case 62..<71: return .detach(space: space, domain: index)
    case 71..<85:
      return .pin(space: space, area: index, skip: number(0...6), pages: pages, write: index % 4 == 0)
    case 85..<95: return .unpin(space: space, pin: index)
    case 95..<99:
      return .copyBytes(
        space: space, area: index, skip: number(0...9000), length: number(1...40000), write: index % 2 == 0,
        byFrames: index % 3 != 0)
    default: return .hugePages(space: space, on: index % 2 == 0)
    }
  }
}
