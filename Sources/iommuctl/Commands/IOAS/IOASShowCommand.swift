// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASShowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Draw an address space to scale: areas, holes and what is reserved.")

  @Argument(help: "Address space.") var ioas: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// Addresses of one kind that follow each other.
  struct Stretch: Members, Equatable {
    enum Kind: String, Enumeration {
      case area, hole, reserved
    }

    var first = IOVA(0)
    var last = IOVA(0)
    var kind = Kind.hole

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("first", &first, "the first address")
      try visitor.member("last", &last, "the last address, inclusive")
      try visitor.member("kind", &kind, "area, hole or reserved")
    }
  }

  struct Shown: Members {
    var ioas: UInt32 = 0
    var alignment: UInt64 = 1
    var items: [Stretch] = []

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("ioas", &ioas, "address space")
      try visitor.member("alignment", &alignment, "bytes")
      try visitor.member("items", &items, "all 2^64 addresses, ascending and without a gap")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let usable = try daemon.call(IOASIOVARanges(ioas: ioas))
    let items = try daemon.all { IOASAreas(ioas: ioas, after: $0) }
    let areas = items.compactMap { IOVARange(first: $0.iova, length: $0.length) }
    let reserved = Self.gaps(between: usable.ranges.compactMap(\.range))
    var shown = Shown()
    shown.ioas = ioas
    shown.alignment = usable.alignment
    shown.items = Self.stretches(areas, reserved)
    // What lies past the ends of what devices can address says nothing, however long it is.
    let picture = AreaPicture(
      areas, reserved: reserved.filter { $0.first.rawValue != 0 && $0.last.rawValue != .max })
    let mapped = areas.reduce(0) { $0 &+ ($1.length ?? 0) }
    return Report(
      shown, ids: areas.map { "\($0.first)" },
      .drawing(
        [
          ("Areas", "\(areas.count)" + (areas.isEmpty ? "" : ", \(ByteSize(mapped).rough) in all")),
          ("Usable", Self.list(usable.ranges.compactMap(\.range))),
          ("Alignment", "\(ByteSize(usable.alignment))"),
        ], picture: picture.lines))
  }

  /// As many as fit a line.
  private static func list(_ ranges: [IOVARange]) -> String {
    let few = ranges.prefix(ranges.count > 2 ? 1 : 2).map { "\($0)" }.joined(separator: ", ")
    return ranges.count > 2 ? "\(few), and \(ranges.count - 1) ranges more" : few
  }

  /// What lies between `ranges`, which are sorted and do not overlap, and at both ends.
  private static func gaps(between ranges: [IOVARange]) -> [IOVARange] {
    var gaps: [IOVARange] = []
    var next: UInt64? = 0
    for range in ranges {
      if let next, range.first.rawValue > next {
        gaps.append(IOVARange(IOVA(next), through: IOVA(range.first.rawValue - 1)))
      }
      next = range.last.rawValue == .max ? nil : range.last.rawValue + 1
    }
    if let next { gaps.append(IOVARange(IOVA(next), through: IOVA(.max))) }
    return gaps
  }

  private static func stretches(_ areas: [IOVARange], _ reserved: [IOVARange]) -> [Stretch] {
    let known = areas.map { ($0, Stretch.Kind.area) } + reserved.map { ($0, Stretch.Kind.reserved) }
    let holes = gaps(between: known.map(\.0).sorted { $0.first < $1.first }).map { ($0, Stretch.Kind.hole) }
    return (known + holes).sorted { $0.0.first < $1.0.first }.map { range, kind in
      var stretch = Stretch()
      stretch.first = range.first
      stretch.last = range.last
      stretch.kind = kind
      return stretch
    }
  }
}
