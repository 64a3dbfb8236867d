// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

extension Bad {
  static let objects: [Bad] = [
    Bad("an IOAS with an HWPT", .ebusy, "id") { try $0.destroy($0.ioas) },
    Bad("an HWPT with a device", .ebusy, "id") { try $0.destroy($0.hwpt) },
    Bad("a device that is attached", .ebusy, "id") { try $0.destroy($0.device) },
    Bad("memory that is mapped", .ebusy, "id") { try $0.destroy($0.memory) },
    Bad("pages that an area shows", .ebusy, "id") { try $0.destroy($0.pages) },
    Bad("an IOAS that is locked", .einval, "residency") { _ = try $0.caller.ioas(.locked) },
    Bad("an IOAS that is degraded", .einval, "residency") { _ = try $0.caller.ioas(.degraded) },
  ]

  static let accesses: [Bad] = [
    Bad("a pin past the area", .enoent, "iova") { _ = try $0.caller.pin($0.access, Scene.area, 4 * 4096) },
    Bad("a writing pin where it may not", .eperm, "write") {
      _ = try $0.caller.pin($0.access, Scene.area + 0x2000, 4096, write: true)
    },
    Bad("a pin of an access without", .einval, "access") {
      _ = try $0.caller.pin($0.reader, Scene.area, 4096)
    },
    Bad("a read past the area", .enoent, "iova") { try $0.read(Scene.area, 3 * 4096 + 1) },
    Bad("a read of too much", .einval, "length") { try $0.read(Scene.area, 65_537) },
    Bad("a write where it may not", .eperm, "iova") {
      _ = try $0.caller.call(
        $0.caller.services.access.write,
        AccessWrite(access: $0.reader, iova: IOVA(Scene.area + 0x1FFF), data: Bytes([1, 2])))
    },
  ]
}
