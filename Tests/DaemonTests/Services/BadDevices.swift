// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

extension Bad {
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
    Bad("an aperture of more than 57 bits", .einval, "aperture") {
      _ = try $0.caller.device { $0.aperture = AddressRange(IOVA(0), through: IOVA(1 << 57)) }
    },
    Bad("a page size below 1 KiB", .einval, "page_sizes") {
      _ = try $0.caller.device {
        $0.format = .flat
        $0.pageSizes = [512]
      }
    },
    Bad("pages over 4 KiB alone in a flat table", .einval, "page_sizes") {
      _ = try $0.caller.device {
        $0.format = .flat
        $0.pageSizes = [8192]
      }
    },
    Bad("a page size that no vtd level has", .einval, "page_sizes") {
      _ = try $0.caller.device { $0.pageSizes = [4096, 1 << 39] }
    },
    Bad("more reserved ranges than a device has", .einval, "reserved") {
      _ = try $0.caller.device {
        $0.reserved = (0..<65).map { AddressRange(IOVA($0 << 20), through: IOVA($0 << 20)) }
      }
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
    Bad("a device of another shape to an HWPT", .einval, "to") { scene in
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

  static let tables: [Bad] = [
    Bad("a tracking HWPT for a device that cannot", .eopnotsupp, "dirty_tracking") {
      _ = try $0.caller.table($0.device, $0.ioas, tracking: true)
    },
    Bad("an HWPT whose aperture areas pass", .eaddrinuse, "ioas") { scene in
      let device = try scene.caller.device { $0.aperture = AddressRange(IOVA(0), through: IOVA(0xFFFF)) }
      defer { try? scene.destroy(device) }
      _ = try scene.caller.table(device, scene.ioas)
    },
    Bad("an automatic HWPT destroyed", .ebusy, "id") { try $0.destroy($0.hwpt) },
    Bad("tracking on an HWPT made without", .eopnotsupp, "hwpt") { try $0.caller.track($0.hwpt, true) },
    Bad("tracking off on an HWPT made without", .eopnotsupp, "hwpt") { try $0.caller.track($0.hwpt, false) },
    Bad("dirty pages of an HWPT made without", .eopnotsupp, "hwpt") {
      _ = try $0.caller.dirty($0.hwpt, 0, 4096)
    },
    Bad("dirty pages of a page size below 4 KiB", .einval, "page_size") {
      _ = try $0.caller.dirty($0.tracking, 0, 4096, page: 2048)
    },
    Bad("dirty pages of a page size that is no power of two", .einval, "page_size") {
      _ = try $0.caller.dirty($0.tracking, 0, 12288, page: 12288)
    },
    Bad("dirty pages from inside a page on", .einval, "iova") {
      _ = try $0.caller.dirty($0.tracking, 4096, 8192, page: 8192)
    },
    Bad("dirty pages up to inside a page", .einval, "length") {
      _ = try $0.caller.dirty($0.tracking, 0, 4096, page: 8192)
    },
    Bad("dirty pages while tracking is off", .einval, "hwpt") { scene in
      try scene.caller.track(scene.tracking, false)
      defer { try? scene.caller.track(scene.tracking, true) }
      _ = try scene.caller.dirty(scene.tracking, 0, 4096)
    },
    Bad("a device without tracking to a tracking HWPT", .einval, "to") {
      try $0.caller.attach($0.idle, to: $0.tracking)
    },
  ]
}
