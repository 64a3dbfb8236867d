// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

extension Bad {
  static let copying: [Bad] = [
    Bad("a copy of nothing", .einval, "length") { try $0.copy { $0.length = 0 } },
    Bad("a copy of 2^63 bytes", .eoverflow, "length") { try $0.copy { $0.length = 1 << 63 } },
    Bad("a copy past 64 bits", .eoverflow, "length") {
      try $0.copy {
        $0.sourceIOVA = IOVA(.max - 4095)
        $0.length = 8192
      }
    },
    Bad("a copy of what is not mapped", .enoent, "src_iova") { try $0.copy { $0.sourceIOVA = IOVA(0x1000) } },
    Bad("a copy over a gap", .enoent, "src_iova") { try $0.copy { $0.length = 4 * 4096 } },
    Bad("a copy onto an area", .eexist, "iova") { try $0.copy { $0.iova = IOVA(Scene.area + 0x2000) } },
    Bad("a copy onto reserved addresses", .einval, "iova") { try $0.copy { $0.iova = IOVA(0xFEE0_0000) } },
    Bad("a copy past the aperture", .einval, "iova") { try $0.copy { $0.iova = IOVA(1 << 48) } },
    Bad("a copy to a misaligned IOVA", .einval, "iova") { try $0.copy { $0.iova = IOVA(0x1001) } },
    Bad("a copy of misaligned length", .einval, "length") { try $0.copy { $0.length = 4097 } },
    Bad("a copy from inside a page", .einval, "src_iova") {
      try $0.copy { $0.sourceIOVA = IOVA(Scene.area + 1) }
    },
    Bad("a copy that ends past 64 bits", .eoverflow, "length") {
      try $0.copy {
        $0.iova = IOVA(.max - 4095)
        $0.length = 8192
      }
    },
    Bad("a copy without rights", .einval, "read") {
      try $0.copy {
        $0.read = false
        $0.write = false
      }
    },
    Bad("a copy that may write what nobody may", .eperm, "write") {
      try $0.copy {
        $0.sourceIOVA = IOVA(Scene.area + 0x2000)
        $0.write = true
      }
    },
    Bad("a copy from what is no IOAS", .enoent, "src_ioas") { scene in
      try scene.copy { $0.sourceIOAS = scene.memory }
    },
    Bad("a copy to what is no IOAS", .enoent, "dst_ioas") { try $0.copy { $0.targetIOAS = 0 } },
  ]

  static let limits: [Bad] = [
    Bad("an allowed range of one address", .einval, "ranges[1]") {
      try $0.allow([(0x1000, 0x1FFF), (0x5000, 0x5000)])
    },
    Bad("an allowed range backwards", .einval, "ranges[0]") { try $0.allow([(0x5000, 0x4FFF)]) },
    Bad("allowed ranges over each other", .einval, "ranges") {
      try $0.allow([(0x5000, 0x6FFF), (0x1000, 0x5000)])
    },
    Bad("an allowed range over a reserved one", .eaddrinuse, "ranges[1]") {
      try $0.allow([(0x1000, 0x1FFF), (0xFEEF_FFFF, 0xFEFF_FFFF)])
    },
    Bad("an allowed range past the aperture", .eaddrinuse, "ranges[0]") { try $0.allow([(0x1000, 1 << 48)]) },
    Bad("too many allowed ranges", .edquot, "ranges") {
      try $0.allow((0..<1025 as Range<UInt64>).map { ($0 << 13, $0 << 13 + 1) })
    },
    Bad("allowed ranges of no IOAS", .enoent, "ioas") {
      _ = try $0.caller.call($0.caller.services.ioas.allow, IOASAllowIOVAs(ioas: $0.device, []))
    },
    Bad("a reservation backwards", .einval, "last") { try $0.reserve([(2, 1)]) },
    Bad("a reservation over an area", .eaddrinuse, "first") {
      try $0.reserve([(Scene.area + 0x2FFF, Scene.area + 0x4000)])
    },
    Bad("a list of which one range is over an area", .eaddrinuse, "ranges[1].first") {
      try $0.reserve([(0x1000, 0x1FFF), (0, .max)])
    },
    Bad("too many reservations", .edquot, "ioas") {
      try $0.reserve((0..<1025 as Range<UInt64>).map { ($0, $0) })
    },
    Bad("an empty list of reservations", .einval, "ranges") { try $0.reserve([]) },
    Bad("giving back what was not reserved", .enoent, "first") {
      try $0.reserve([(0x1000, 0x1FFF)], release: true)
    },
    Bad("giving back what belongs to a device", .enoent, "first") {
      try $0.reserve([(0xFEE0_0000, 0xFEEF_FFFF)], release: true)
    },
    Bad("reserving in no IOAS", .enoent, "ioas") {
      let range = AddressRange(IOVA(0), through: IOVA(1))
      _ = try $0.caller.call($0.caller.services.ioas.reserve, IOASReserve(ioas: $0.access, range))
    },
  ]
}

extension Scene {
  /// Copies the first page of the area to some place, or what `change` makes of that.
  func copy(_ change: (inout IOASCopy) -> Void) throws {
    var call = IOASCopy(from: ioas, IOVA(Self.area), length: 4096, to: ioas)
    change(&call)
    _ = try caller.call(caller.services.ioas.copy, call)
  }

  func allow(_ ranges: [(first: UInt64, last: UInt64)]) throws { try caller.allow(ioas, ranges) }

  func reserve(_ ranges: [(first: UInt64, last: UInt64)], release: Bool = false) throws {
    try caller.reserve(ioas, ranges, release: release)
  }
}
