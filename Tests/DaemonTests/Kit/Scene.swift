// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// A context with one object of every kind, and what bad requests need.
struct Scene {
  let house = House()
  let caller: Caller
  let file: TestMemory
  let ioas: UInt32
  let device: UInt32
  let idle: UInt32
  let hwpt: UInt32
  /// An HWPT that notes what devices write.
  let tracking: UInt32
  let memory: UInt32
  let access: UInt32
  let reader: UInt32
  /// An IOAS without areas.
  let empty: UInt32
  let pages: UInt32
  let pin: UInt32
  /// Another user's connection, whose context has higher ids than that of `caller`.
  let stranger: Caller
  /// A connection of the same user as `caller`, with a context that holds nothing.
  let newcomer: Caller

  /// An id that only the context of `stranger` has.
  static let strangerID: UInt32 = 20

  /// A named context of the caller's user.
  static let otherName = "other"

  /// The area that everything stands on: three pages, the last of which nobody may write.
  static let area: UInt64 = 0x10_0000

  init() throws {
    caller = try house.connect()
    file = try TestMemory(pages: 4)
    ioas = try caller.ioas()
    device = try caller.device { $0.reserved = [AddressRange(IOVA(0xFEE0_0000), through: IOVA(0xFEEF_FFFF))] }
    idle = try caller.device()
    hwpt = try caller.attach(device, to: ioas)
    memory = try caller.map(
      ioas, .init(length: 2 * 4096, source: .fd(0), iova: IOVA(Self.area)), [file.passed()]
    ).memory
    try caller.map(
      ioas,
      .init(
        length: 4096, source: .memory(memory, offset: 8192), iova: IOVA(Self.area + 0x2000), write: false))
    access = try caller.access(ioas)
    reader = try caller.access(ioas, pins: false)
    pin = try caller.pin(access, Self.area, 4096).pin
    pages = try #require(
      try caller.call(caller.services.ioas.areas, IOASAreas(ioas: ioas)).items.first?.pages)
    empty = try caller.ioas()
    tracking = try caller.table(try caller.device { $0.dirtyTracking = true }, ioas, tracking: true)
    try caller.track(tracking, true)
    stranger = try house.connect(uid: 2000)
    for _ in 0..<20 { _ = try stranger.ioas() }
    newcomer = try house.connect()
    let founder = try house.connect()
    _ = try founder.open(Self.otherName)
    _ = try founder.ioas()
  }

  func map(_ range: IOASMap.Range, _ descriptors: [Int32] = []) throws {
    try caller.map(ioas, range, descriptors)
  }

  func mapFile(_ change: (inout IOASMap.Range) -> Void) throws {
    var range = IOASMap.Range(length: 4096, source: .fd(0))
    change(&range)
    try map(range, [file.passed()])
  }
}

/// One request that has to be refused.
struct Bad: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let errno: Errno
  let field: String?
  let body: @Sendable (Scene) throws -> Void

  init(
    _ description: String, _ errno: Errno, _ field: String?,
    _ body: @escaping @Sendable (Scene) throws -> Void
  ) {
    testDescription = description
    self.errno = errno
    self.field = field
    self.body = body
  }
}

extension Scene {
  func destroy(_ id: UInt32) throws {
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: id))
  }

  func dma(_ device: UInt32, _ iova: UInt64, _ length: UInt64) throws {
    _ = try caller.call(
      caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(iova), length: length))
  }

  func read(_ iova: UInt64, _ length: UInt64) throws {
    _ = try caller.call(
      caller.services.access.read, AccessRead(access: reader, iova: IOVA(iova), length: length))
  }
}

extension Scene {
  /// A descriptor of this process's memory.
  static func ownMemory(_ flags: Int32 = O_RDWR) throws -> Int32 {
    let number = unsafe open("/proc/self/mem", flags | O_CLOEXEC)
    try #require(number >= 0)
    return number
  }
}
