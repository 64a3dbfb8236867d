// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Emulated devices: making them and attaching them.
package struct DeviceService {
  let contexts: Contexts

  package func bind(_ call: DeviceBind, _ session: Session) throws(Failure) -> Outcome<DeviceBind.Result> {
    let profile = try Self.profile(call)
    do {
      try profile.shape.check()
    } catch {
      throw Failure(error)
    }
    let device = try session.context.insert(
      { HeldDevice(id: $0, device: Device(profile)) }, as: { .device($0) })
    return .done(.init(device: device.id.rawValue))
  }

  private static func profile(_ call: DeviceBind) throws(Failure) -> DeviceProfile {
    let name = call.device ?? ""
    guard name.utf8.count <= WireLimit.tokenBytes else {
      let words = "a device's name has at most \(WireLimit.tokenBytes) bytes, not \(name.utf8.count)"
      throw Failure(.einval, words, field: "name")
    }
    guard name.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value != 127 }) else {
      throw Failure(.einval, "a device's name has no control characters", field: "name")
    }
    var profile = DeviceProfile(
      name: name, shape: TableShape(format: call.format.inCore), dirtyTracking: call.dirtyTracking)
    if let sizes = call.pageSizes { profile.shape.pageSizes = try pageSizes(sizes) }
    if let aperture = call.aperture {
      guard let range = aperture.range else {
        throw Failure(.einval, "\(aperture.first) lies behind \(aperture.last)", field: "aperture")
      }
      profile.shape.aperture = range
    }
    guard call.reserved.count <= 64 else {
      let words = "\(call.reserved.count) reserved ranges are more than the 64 that a device may have"
      throw Failure(.einval, words, field: "reserved")
    }
    for (position, reserved) in call.reserved.enumerated() {
      guard let range = reserved.range else {
        throw Failure(
          .einval, "\(reserved.first) lies behind \(reserved.last)", field: "reserved[\(position)]")
      }
      profile.reserved.append(range)
    }
    return profile
  }

  private static func pageSizes(_ sizes: [UInt64]) throws(Failure) -> PageSizes {
    guard !sizes.isEmpty else {
      throw Failure(.einval, "a table has leaves of some size", field: "page_sizes")
    }
    var bits: UInt64 = 0
    for (position, size) in sizes.enumerated() {
      guard size != 0, size & (size - 1) == 0 else {
        throw Failure(.einval, "\(size) is no power of two", field: "page_sizes[\(position)]")
      }
      bits |= size
    }
    return PageSizes(rawValue: bits)
  }

  package func info(_ call: DeviceInfo, _ session: Session) throws(Failure) -> Outcome<DeviceInfo.Result> {
    let device = try session.context.device(call.device)
    let profile = device.device.profile
    var result = DeviceInfo.Result()
    result.device = call.device
    result.name = profile.name
    result.format = profile.shape.format.onWire
    result.pageSizes = profile.shape.pageSizes.list
    result.aperture = AddressRange(profile.shape.aperture)
    result.reserved = profile.reserved.map { AddressRange($0) }
    result.dirtyTracking = profile.dirtyTracking
    result.hwpt = device.table?.id.rawValue
    result.ioas = device.table?.space.id.rawValue
    return .done(result)
  }

  // MARK: Attaching

  package func attach(
    _ call: DeviceAttach, _ session: Session
  ) throws(Failure) -> Outcome<DeviceAttach.Result> {
    let context = session.context
    let device = try context.device(call.device)
    let space: HeldSpace
    let wanted: HeldTable?
    switch try context.entry(call.target, field: "to") {
    case .ioas:
      (space, wanted) = (try context.space(call.target, field: "to"), nil)
    case .hwpt:
      let table = try context.table(call.target, field: "to")
      (space, wanted) = (table.space, table)
    case let other:
      let words = "object \(call.target) is \(other.kind.withArticle), not an IOAS or HWPT"
      throw Failure(.enoent, words, field: "to")
    }
    try checkIdle(device)
    // A new HWPT is paid for before there is one.
    try context.reserveObject()
    let (engine, tables, target, table) = (device.device, context.tables, space.space, wanted?.table)
    let marked: [(any Busy)?] = [device, space, wanted, device.table?.space]
    return try context.attempt(busy: marked.compactMap(\.self)) { (waiting) throws(Refusal) in
      if let table {
        try tables.attach(engine, to: table, waiting)
      } else {
        try tables.attach(engine, to: target, waiting)
      }
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let change):
        let table = self.commit(change, of: device, on: space, context)
        return .init(hwpt: table.id.rawValue)
      case .failure(let refusal):
        context.unreserveObject()
        throw Failure(refusal, Origins(subject: "to", length: "to", source: "to", account: context.account))
      }
    }
  }

  /// Makes the context's tables say what the engine has done.
  private func commit(
    _ change: PageTables.Change, of device: HeldDevice, on space: HeldSpace, _ context: Context
  ) -> HeldTable {
    let table: HeldTable
    if let known = context.pageTables[ObjectIdentifier(change.table)] {
      // Somebody else's device came to it first and gave it its id.
      context.unreserveObject()
      table = known
    } else {
      table = context.adopt(
        { HeldTable(id: $0, table: change.table, space: space, account: context.account) },
        as: { .hwpt($0) })
      space.tables.append(table)
    }
    if let left = device.table { left.devices -= 1 }
    device.table = table
    table.devices += 1
    context.note(.device(device))
    remove(change.gone, from: context)
    return table
  }

  private func remove(_ gone: PageTable?, from context: Context) {
    guard let gone, let table = context.pageTables[ObjectIdentifier(gone)] else { return }
    context.remove(table.id)
  }

  package func detach(
    _ call: DeviceDetach, _ session: Session
  ) throws(Failure) -> Outcome<DeviceDetach.Result> {
    let context = session.context
    let device = try context.device(call.device)
    try checkIdle(device)
    guard let table = device.table else {
      throw Failure(.einval, "device \(call.device) is attached to nothing", field: "device")
    }
    let (engine, tables) = (device.device, context.tables)
    return try context.attempt(busy: [device, table, table.space]) { (waiting) throws(Refusal) in
      try tables.detach(engine, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let gone):
        table.devices -= 1
        device.table = nil
        context.note(.device(device))
        self.remove(gone, from: context)
        return .init()
      case .failure(let refusal):
        throw Failure(refusal, Origins(subject: "device"))
      }
    }
  }

  private func checkIdle(_ device: HeldDevice) throws(Failure) {
    guard device.inFlight == 0 else {
      throw Failure(.ebusy, "another request is at work on device \(device.id)", field: "device")
    }
  }
}
