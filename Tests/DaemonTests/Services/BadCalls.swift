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
    Bad("object 0", .enoent, "id") { try $0.destroy(0) },
    Bad("an object that is not there", .enoent, "id") { try $0.destroy(4_000_000_000) },
    Bad("a list of nothing", .einval, "limit") {
      _ = try $0.caller.call($0.caller.services.object.list, ObjectList(kind: nil, limit: 0))
    },
    Bad("tiers of what are no pages", .enoent, "pages") {
      _ = try $0.caller.call($0.caller.services.pages.tiers, PagesTiers(pages: $0.memory))
    },
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
    Bad("no page size", .einval, "page_sizes") { _ = try $0.caller.device { $0.pageSizes = [] } },
    Bad("an aperture of more than 48 bits", .einval, "aperture") {
      _ = try $0.caller.device { $0.aperture = AddressRange(IOVA(0), through: IOVA(1 << 48)) }
    },
    Bad("an aperture backwards", .einval, "aperture") {
      _ = try $0.caller.device { $0.aperture = AddressRange(IOVA(2), through: IOVA(1)) }
    },
    Bad("a reserved range backwards", .einval, "reserved[0]") {
      _ = try $0.caller.device { $0.reserved = [AddressRange(IOVA(2), through: IOVA(1))] }
    },
    Bad("dirty tracking", .eopnotsupp, "dirty_tracking") {
      _ = try $0.caller.device { $0.dirtyTracking = true }
    },
    Bad("a name with a line break", .einval, "name") { _ = try $0.caller.device { $0.device = "a\nb" } },
    Bad("attaching to a memory", .enoent, "to") { try $0.caller.attach($0.idle, to: $0.memory) },
    Bad("attaching what is no device", .enoent, "device") { try $0.caller.attach($0.ioas, to: $0.ioas) },
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
    Bad("DMA where nothing is mapped", .efault, "iova") { try $0.dma($0.device, 0x1000, 4) },
    Bad("DMA of nothing", .einval, "length") { try $0.dma($0.device, Scene.area, 0) },
    Bad("DMA of too much", .einval, "length") { try $0.dma($0.device, Scene.area, 65_537) },
    Bad("DMA past 64 bits", .eoverflow, "length") { try $0.dma($0.device, .max, 2) },
    Bad("DMA that writes where it may not", .efault, "iova") {
      _ = try $0.caller.call(
        $0.caller.services.device.dmaWrite,
        DeviceDMAWrite(device: $0.device, iova: IOVA(Scene.area + 0x2000), data: Bytes([1])))
    },
    Bad("a translation of nothing", .einval, "length") {
      _ = try $0.caller.call(
        $0.caller.services.hwpt.translate, HWPTTranslate(hwpt: $0.hwpt, iova: IOVA(0), length: 0))
    },
    Bad("a translation by what is no HWPT", .enoent, "hwpt") {
      _ = try $0.caller.call(
        $0.caller.services.hwpt.translate, HWPTTranslate(hwpt: $0.ioas, iova: IOVA(0), length: 1))
    },
  ]

  static let accesses: [Bad] = [
    Bad("an access to no IOAS", .enoent, "ioas") { _ = try $0.caller.access($0.device) },
    Bad("a pin where nothing is mapped", .enoent, "iova") { _ = try $0.caller.pin($0.access, 0x1000, 4096) },
    Bad("a pin past the area", .enoent, "iova") { _ = try $0.caller.pin($0.access, Scene.area, 4 * 4096) },
    Bad("a pin inside a page", .einval, "iova") { _ = try $0.caller.pin($0.access, Scene.area + 1, 4096) },
    Bad("a pin of nothing", .einval, "length") { _ = try $0.caller.pin($0.access, Scene.area, 0) },
    Bad("a pin past 64 bits", .eoverflow, "length") { _ = try $0.caller.pin($0.access, .max - 4095, 8192) },
    Bad("a writing pin where it may not", .eperm, "write") {
      _ = try $0.caller.pin($0.access, Scene.area + 0x2000, 4096, write: true)
    },
    Bad("a pin of an access without", .einval, "access") {
      _ = try $0.caller.pin($0.reader, Scene.area, 4096)
    },
    Bad("a pin of what is no access", .enoent, "access") { _ = try $0.caller.pin($0.ioas, Scene.area, 4096) },
    Bad("a pin that is none", .enoent, "pin") {
      _ = try $0.caller.call($0.caller.services.access.unpin, AccessUnpin(access: $0.access, pin: 77))
    },
    Bad("a read past the area", .enoent, "iova") { try $0.read(Scene.area, 3 * 4096 + 1) },
    Bad("a read of nothing", .einval, "length") { try $0.read(Scene.area, 0) },
    Bad("a read of too much", .einval, "length") { try $0.read(Scene.area, 65_537) },
    Bad("a write where it may not", .eperm, "write") {
      _ = try $0.caller.call(
        $0.caller.services.access.write,
        AccessWrite(access: $0.reader, iova: IOVA(Scene.area + 0x1FFF), data: Bytes([1, 2])))
    },
    Bad("a write of nothing", .einval, "data") {
      _ = try $0.caller.call(
        $0.caller.services.access.write,
        AccessWrite(access: $0.reader, iova: IOVA(Scene.area), data: Bytes([])))
    },
    Bad("opening what is no memory", .enoent, "memory") {
      _ = try $0.caller.call($0.caller.services.memory.open, MemoryOpen(memory: $0.ioas))
    },
  ]
}
