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
    Bad("an advisory IOAS", .eopnotsupp, "residency") {
      var call = IOASAlloc()
      call.residency = .advisory
      _ = try $0.caller.call($0.caller.services.ioas.alloc, call)
    },
  ]

  static let devices: [Bad] = [
    Bad("pages over 4 KiB alone", .einval, "page_sizes") {
      _ = try $0.caller.device { $0.pageSizes = [2 << 20] }
    },
    Bad("a page size that is no power of two", .einval, "page_sizes[1]") {
      _ = try $0.caller.device { $0.pageSizes = [4096, 5000] }
    },
    Bad("a page size that vtd does not have", .einval, "page_sizes") {
      _ = try $0.caller.device { $0.pageSizes = [4096, 65_536] }
    },
    Bad("an aperture of more than 48 bits", .einval, "aperture") {
      _ = try $0.caller.device { $0.aperture = AddressRange(IOVA(0), through: IOVA(1 << 48)) }
    },
    Bad("dirty tracking", .eopnotsupp, "dirty_tracking") {
      _ = try $0.caller.device { $0.dirtyTracking = true }
    },
    Bad("a name with a line break", .einval, "name") { _ = try $0.caller.device { $0.device = "a\nb" } },
    Bad("a device whose reserved range is mapped", .eaddrinuse, "to") { scene in
      // The device stays, but is not attached: the context is as before but for it.
      let device = try scene.caller.device {
        $0.reserved = [AddressRange(IOVA(Scene.area), through: IOVA(Scene.area))]
      }
      defer { try? scene.destroy(device) }
      try scene.caller.attach(device, to: scene.ioas)
    },
    Bad("a device whose aperture ends too early", .eaddrinuse, "to") { scene in
      let device = try scene.caller.device { $0.aperture = AddressRange(IOVA(0), through: IOVA(0xFFFF)) }
      defer { try? scene.destroy(device) }
      try scene.caller.attach(device, to: scene.ioas)
    },
    Bad("a device of another shape to an HWPT", .einval, "page_sizes") { scene in
      let device = try scene.caller.device { $0.pageSizes = [4096] }
      defer { try? scene.destroy(device) }
      try scene.caller.attach(device, to: scene.hwpt)
    },
    Bad("detaching what is not attached", .einval, "device") {
      _ = try $0.caller.call($0.caller.services.device.detach, DeviceDetach(device: $0.idle))
    },
    Bad("DMA of a device that is not attached", .efault, "device") { try $0.dma($0.idle, Scene.area, 4) },
    Bad("DMA of too much", .einval, "length") { try $0.dma($0.device, Scene.area, 65_537) },
    Bad("DMA that writes where it may not", .efault, "iova") {
      _ = try $0.caller.call(
        $0.caller.services.device.dmaWrite,
        DeviceDMAWrite(device: $0.device, iova: IOVA(Scene.area + 0x2000), data: Bytes([1])))
    },
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
