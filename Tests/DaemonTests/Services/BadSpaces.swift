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
}

extension Scene {
  /// Copies the first page of the area to some place, or what `change` makes of that.
  func copy(_ change: (inout IOASCopy) -> Void) throws {
    var call = IOASCopy(from: ioas, IOVA(Self.area), length: 4096, to: ioas)
    change(&call)
    _ = try caller.call(caller.services.ioas.copy, call)
  }
}
