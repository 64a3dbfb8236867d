// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Emulated devices: making them, attaching them, and their DMA.
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
    if call.dirtyTracking {
      throw Failure(
        .eopnotsupp, "devices that track what they write are not offered yet", field: "dirty_tracking")
    }
    var profile = DeviceProfile(name: name)
    if call.format == .flat {
      profile.shape = TableShape(
        format: .flat, pageSizes: TableShape.vtdPageSizes, aperture: profile.shape.aperture)
    }
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

  // MARK: Attaching

  package func attach(
    _ call: DeviceAttach, _ session: Session
  ) throws(Failure) -> Outcome<DeviceAttach.Result> {
    let context = session.context
    let device = try context.device(call.device)
    let space: HeldSpace
    let wanted: PageTable?
    switch try context.entry(call.target, field: "to") {
    case .ioas: (space, wanted) = (try context.space(call.target, field: "to"), nil)
    case .hwpt(let table): (space, wanted) = (table.space, table.table)
    case let other:
      let words = "object \(call.target) is \(other.kind.withArticle), not an IOAS or HWPT"
      throw Failure(.enoent, words, field: "to")
    }
    try checkIdle(device)
    try context.checkEngineBytes(field: "to")
    // A new HWPT is paid for before there is one.
    try context.reserveObject()
    let (engine, tables, target) = (device.device, context.tables, space.space)
    let busy: [any Busy] = [device, space] + (device.table.map { [$0.space] } ?? [])
    return try context.attempt(busy: busy) { (waiting) throws(Refusal) in
      if let wanted {
        try tables.attach(engine, to: wanted, waiting)
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
        throw Failure(refusal, Origins(subject: "to"))
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
      table.book()
    }
    if let left = device.table { left.devices -= 1 }
    device.table = table
    table.devices += 1
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

  // MARK: DMA

  package func dmaRead(
    _ call: DeviceDMARead, _ session: Session
  ) throws(Failure) -> Outcome<DeviceDMARead.Result> {
    let length = try Transfer.check(call.length, field: "length")
    let (device, table) = try table(of: call.device, call.iova, write: false, session)
    return try session.context.attemptCopy(busy: [device]) { (waiting, patient) throws(Refusal) in
      try unsafe Transfer.read(length) { (buffer) throws(Refusal) in
        try unsafe table.space.dmaRead(table.domain, call.iova, into: buffer, waiting, patient: patient)
      }
    } then: { [context = session.context] (result) throws(Failure) in
      .init(data: Bytes(try self.value(of: result, device, context, bytes: length, write: false)))
    }
  }

  package func dmaWrite(_ call: DeviceDMAWrite, _ session: Session) throws(Failure) -> Outcome<
    DeviceDMAWrite.Result
  > {
    let length = try Transfer.check(UInt64(call.data.bytes.count), field: "data")
    let (device, table) = try table(of: call.device, call.iova, write: true, session)
    let bytes = call.data.bytes
    return try session.context.attemptCopy(busy: [device]) { (waiting, patient) throws(Refusal) in
      try unsafe Transfer.write(bytes) { (buffer) throws(Refusal) in
        try unsafe table.space.dmaWrite(table.domain, call.iova, from: buffer, waiting, patient: patient)
      }
    } then: { [context = session.context] (result) throws(Failure) in
      try self.value(of: result, device, context, bytes: length, write: true)
      return .init()
    }
  }

  private func value<T>(
    of result: Result<T, Refusal>, _ device: HeldDevice, _ context: Context, bytes: Int, write: Bool
  ) throws(Failure) -> T {
    switch result {
    case .success(let value):
      contexts.census.totals.copiedBytes += UInt64(bytes)
      return value
    case .failure(let refusal):
      if case .fault(let iova, let done) = refusal {
        noteFault(DMAFault(device: device.id.rawValue, iova: iova, done: done, write: write), context)
        contexts.census.totals.copiedBytes += done
      }
      throw Failure(refusal, write ? .writing : Origins())
    }
  }

  private func noteFault(_ fault: DMAFault, _ context: Context) {
    contexts.census.totals.dmaFaults += 1
    context.faults += 1
    contexts.events.publish(.fault(fault), in: context)
  }

  private func table(
    of id: UInt32, _ iova: IOVA, write: Bool, _ session: Session
  ) throws(Failure) -> (HeldDevice, PageTable) {
    let device = try session.context.device(id)
    guard let table = device.device.table else {
      // What is attached to nothing is blocked: all of its DMA faults.
      noteFault(DMAFault(device: id, iova: iova, done: 0, write: write), session.context)
      var failure = Failure(
        .efault, "device \(id) faults at \(iova): it is attached to nothing", field: "device")
      failure.done = 0
      throw failure
    }
    return (device, table)
  }
}
