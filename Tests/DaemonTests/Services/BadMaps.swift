// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

extension Bad {
  static let mapping: [Bad] = [
    Bad("a length of 2^63", .eoverflow, "length") { try $0.mapFile { $0.length = 1 << 63 } },
    Bad("past the end of the file", .einval, "length") { try $0.mapFile { $0.length = 5 * 4096 } },
    Bad("an offset past the end", .einval, "length") { try $0.mapFile { $0.source.offset = 4 * 4096 } },
    Bad("an IOVA past 64 bits", .eoverflow, "length") {
      try $0.mapFile {
        $0.iova = IOVA(.max - 4095)
        $0.length = 8192
      }
    },
    Bad("an IOVA past the aperture", .einval, "iova") { try $0.mapFile { $0.iova = IOVA(1 << 48) } },
    Bad("a reserved IOVA", .einval, "iova") { try $0.mapFile { $0.iova = IOVA(0xFEE0_0000) } },
    Bad("an occupied IOVA", .eexist, "iova") { try $0.mapFile { $0.iova = IOVA(Scene.area) } },
    Bad("no rights", .einval, "read") {
      try $0.mapFile {
        $0.read = false
        $0.write = false
      }
    },
    Bad("write on a read-only descriptor", .eperm, "write") {
      try $0.map(.init(length: 4096, source: .fd(0), write: true), [$0.file.passed(readOnly: true)])
    },
    Bad("write on a sealed file", .eperm, "write") {
      let sealed = try TestMemory(pages: 1, seals: UInt32(IOMMU_SEAL_WRITE))
      try $0.map(.init(length: 4096, source: .fd(0), write: true), [sealed.passed()])
    },
    Bad("a descriptor that did not come", .einval, "source.fd") {
      try $0.map(.init(length: 4096, source: .fd(0)))
    },
    Bad("a pipe for a memfd", .einval, "source.fd") {
      var ends: [Int32] = [0, 0]
      try #require(unsafe pipe(&ends) == 0)
      close(ends[1])
      try $0.map(.init(length: 4096, source: .fd(0)), [ends[0]])
    },
    Bad("an ordinary file for a memfd", .einval, "source.fd") {
      let file = unsafe open("/etc/passwd", O_RDONLY | O_CLOEXEC)
      try #require(file >= 0)
      try $0.map(.init(length: 4096, source: .fd(0)), [file])
    },
    Bad("a socket for a memfd", .einval, "source.fd") {
      try $0.map(.init(length: 4096, source: .fd(0)), [socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)])
    },
    Bad("more than may be held", .edquot, "source") { try $0.map(.init(length: 1 << 50, source: .new)) },
    Bad("more than may be pinned", .enomem, "source") { try $0.map(.init(length: 2 << 30, source: .new)) },
    Bad("sharing what somebody else brought", .einval, "share") {
      var range = IOASMap.Range(length: 4096, source: .memory($0.memory))
      range.share = .whole
      try $0.map(range)
    },
    Bad("the second range of a list is no good", .einval, "ranges[1].length") {
      let ranges: [IOASMap.Range] = [
        .init(length: 4096, source: .fd(0)), .init(length: 4096, source: .fd(0, offset: 1 << 20)),
      ]
      _ = try $0.caller.call(
        $0.caller.services.ioas.map, IOASMap(ioas: $0.ioas, ranges: ranges), [$0.file.passed()])
    },
    Bad("too many new memories for one answer", .einval, "ranges[16].source") {
      let ranges = [IOASMap.Range](repeating: .init(length: 4096, source: .new), count: 17)
      _ = try $0.caller.call($0.caller.services.ioas.map, IOASMap(ioas: $0.ioas, ranges: ranges))
    },
    Bad("ranges of a list over each other", .eexist, "ranges[0].iova") {
      let ranges: [IOASMap.Range] = [
        .init(length: 8192, source: .fd(0), iova: IOVA(0x1000)),
        .init(length: 4096, source: .fd(0), iova: IOVA(0x2000)),
      ]
      _ = try $0.caller.call(
        $0.caller.services.ioas.map, IOASMap(ioas: $0.ioas, ranges: ranges), [$0.file.passed()])
    },
  ]

  static let unmapping: [Bad] = [
    Bad("a range that cuts an area", .enoent, "iova") {
      try $0.caller.unmap($0.ioas, Scene.area + 0x1000, 8192)
    },
    Bad("a range without an area", .enoent, "iova") { try $0.caller.unmap($0.ioas, 0x1000, 4096) },
    Bad("a pinned area", .ebusy, "iova") { try $0.caller.unmap($0.ioas, Scene.area, 8192) },
    Bad("everything while something is pinned", .ebusy, "iova") { try $0.caller.unmap($0.ioas, 0, .max) },
  ]

  static let unmappingLists: [Bad] = [
    Bad("ranges over each other", .einval, "ranges[1].iova") {
      let ranges = [
        IOASUnmap.Range(iova: IOVA(Scene.area + 0x2000), length: 4096),
        IOASUnmap.Range(iova: IOVA(Scene.area), length: 3 * 4096),
      ]
      _ = try $0.caller.call($0.caller.services.ioas.unmap, IOASUnmap(ioas: $0.ioas, ranges: ranges))
    },
    Bad("a list whose second range cuts an area", .enoent, "ranges[1].iova") {
      let ranges = [
        IOASUnmap.Range(iova: IOVA(Scene.area + 0x2000), length: 4096),
        IOASUnmap.Range(iova: IOVA(Scene.area), length: 4096),
      ]
      _ = try $0.caller.call($0.caller.services.ioas.unmap, IOASUnmap(ioas: $0.ioas, ranges: ranges))
    },
  ]
}
