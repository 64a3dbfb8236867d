// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// A space over one large origin, and devices that track what they write.
final class Tracked: @unchecked Sendable {
  let tables = PageTables { (shape) throws(Refusal) in try shape.makeDomain() }
  let space = AddressSpace()
  let origin: HeapOrigin
  let account = QuietAccount()

  init(pages: UInt64, backed: UInt64? = nil) { origin = HeapOrigin(pages: pages, backed: backed) }

  func device(_ change: (inout DeviceProfile) -> Void = { _ in }) -> Device {
    var profile = DeviceProfile(name: "device", dirtyTracking: true)
    change(&profile)
    return Device(profile)
  }

  /// A device on a tracking table of its own; tracking is on.
  func tracking(_ change: (inout DeviceProfile) -> Void = { _ in }) throws -> (Device, PageTable) {
    let device = device(change)
    let table = try tables.make(device.profile.shape, in: space, tracking: true)
    _ = try tables.attach(device, to: table)
    try table.setTracking(true)
    return (device, table)
  }

  func map(_ iova: UInt64, bytes: UInt64, offset: UInt64 = 0, in other: AddressSpace? = nil) throws(Refusal) {
    _ = try (other ?? space).map([
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: offset, writable: true, account: account), iova: IOVA(iova),
        length: bytes, protection: [.read, .write])
    ])
  }

  func write(_ device: Device, _ iova: UInt64, bytes: Int, _ value: UInt8 = 1) throws(Refusal) {
    let buffer = Bytes([UInt8](repeating: value, count: bytes))
    try unsafe device.write(IOVA(iova), from: buffer.readOnly)
  }

  func read(_ device: Device, _ iova: UInt64, bytes: Int) throws(Refusal) -> [UInt8] {
    let buffer = Bytes([UInt8](repeating: 0, count: bytes))
    try unsafe device.read(IOVA(iova), into: buffer.raw)
    return buffer.array
  }

  /// Lets `devices` and `tables` go; answers pages that are still pinned.
  func clear(_ devices: [Device], _ lasting: [PageTable], _ others: AddressSpace...) throws -> UInt64 {
    for device in devices { _ = try tables.detach(device) }
    for table in lasting { try tables.destroy(table) }
    for space in [space] + others { _ = try space.unmapAll() }
    return origin.pinned
  }
}

/// Pays for everything; any thread.
final class QuietAccount: PinAccount, @unchecked Sendable {
  func charge(pages: UInt64) throws(Refusal) {}
  func uncharge(pages: UInt64) {}
}

extension PageTable {
  /// All written runs of `bytes` from `iova` on.
  func dirty(
    _ iova: UInt64, bytes: UInt64, page: UInt64 = 4096, keep: Bool = false, limit: Int = 1000
  ) throws(Refusal) -> [ClosedRange<UInt64>] {
    var runs: [ClosedRange<UInt64>] = []
    var next: UInt64? = iova
    while let position = next {
      let range = IOVARange(IOVA(position), through: IOVA(iova + (bytes - 1)))
      let answer = try dirtyRuns(in: range, pageSize: page, keep: keep, limit: limit)
      runs += answer.runs.map { $0.first.rawValue...$0.last.rawValue }
      next = answer.next?.rawValue
    }
    return runs
  }
}
