// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// What devices do to memory. DMA keeps nobody from attaching the device elsewhere meanwhile.
extension DeviceService {
  package func dmaRead(
    _ call: DeviceDMARead, _ session: Session
  ) throws(Failure) -> Outcome<DeviceDMARead.Result> {
    if let descriptor = call.descriptor {
      let way = FileCopy.Way(iova: call.iova, length: call.length, offset: call.offset ?? 0, isRead: true)
      return try copy(way, descriptor, call.device, session) { .init() }
    }
    guard call.offset == nil else {
      throw Failure(.einval, "an offset goes with the descriptor of a file", field: "offset")
    }
    let length = try Transfer.check(call.length, field: "length")
    let (device, _) = try attached(call.device, call.iova, write: false, session)
    let engine = device.device
    return try session.context.attemptCopy { (waiting, patient) throws(Refusal) in
      try unsafe Transfer.read(length) { (buffer) throws(Refusal) in
        try unsafe engine.read(call.iova, into: buffer, waiting, patient: patient)
      }
    } then: { [context = session.context] (result) throws(Failure) in
      .init(data: Bytes(try self.value(of: result, device, context, bytes: length, write: false)))
    }
  }

  package func dmaWrite(
    _ call: DeviceDMAWrite, _ session: Session
  ) throws(Failure) -> Outcome<DeviceDMAWrite.Result> {
    if let descriptor = call.descriptor {
      if call.data != nil { throw Failure(.einval, "the bytes come either here or in a file", field: "data") }
      let way = FileCopy.Way(
        iova: call.iova, length: call.length ?? 0, offset: call.offset ?? 0, isRead: false)
      return try copy(way, descriptor, call.device, session) { .init() }
    }
    guard call.offset == nil, call.length == nil else {
      let words = "an offset and a length go with the descriptor of a file"
      throw Failure(.einval, words, field: call.offset == nil ? "length" : "offset")
    }
    let bytes = call.data?.bytes ?? []
    let length = try Transfer.check(UInt64(bytes.count), field: "data")
    let (device, table) = try attached(call.device, call.iova, write: true, session)
    try checkMarks(of: table, session)
    let engine = device.device
    return try session.context.attemptCopy { (waiting, patient) throws(Refusal) in
      try unsafe Transfer.write(bytes) { (buffer) throws(Refusal) in
        try unsafe engine.write(call.iova, from: buffer, waiting, patient: patient)
      }
    } then: { [context = session.context] (result) throws(Failure) in
      table.book()
      try self.value(of: result, device, context, bytes: length, write: true)
      return .init()
    }
  }

  /// By way of a file of the caller.
  private func copy<Value>(
    _ way: FileCopy.Way, _ index: UInt32, _ id: UInt32, _ session: Session, then answer: @escaping () -> Value
  ) throws(Failure) -> Outcome<Value> {
    let (device, table) = try attached(id, way.iova, write: !way.isRead, session)
    if !way.isRead { try checkMarks(of: table, session) }
    let memory = DeviceCopies(device: device.device)
    return try contexts.copy(
      way, index, with: memory, busy: [], session,
      explain: { [context = session.context] refusal in
        table.book()
        return self.failure(refusal, device, context, write: !way.isRead)
      },
      then: {
        table.book()
        return answer()
      })
  }

  /// What a tracking table notes takes memory too.
  private func checkMarks(of table: HeldTable, _ session: Session) throws(Failure) {
    if table.table.isTracking { try session.context.checkEngineBytes(field: "device") }
  }

  private func value<T>(
    of result: Result<T, Refusal>, _ device: HeldDevice, _ context: Context, bytes: Int, write: Bool
  ) throws(Failure) -> T {
    switch result {
    case .success(let value):
      contexts.census.totals.copiedBytes += UInt64(bytes)
      return value
    case .failure(let refusal):
      if case .fault(_, let done) = refusal { contexts.census.totals.copiedBytes += done }
      throw failure(refusal, device, context, write: write)
    }
  }

  private func failure(
    _ refusal: Refusal, _ device: HeldDevice, _ context: Context, write: Bool
  ) -> Failure {
    if case .fault(let iova, let done) = refusal {
      noteFault(DMAFault(device: device.id.rawValue, iova: iova, done: done, write: write), context)
    }
    return Failure(refusal, write ? .writing : Origins())
  }

  private func noteFault(_ fault: DMAFault, _ context: Context) {
    contexts.census.totals.dmaFaults += 1
    context.faults += 1
    contexts.events.publish(.fault(fault), in: context)
  }

  /// The device and the table that it stands on. What is attached to nothing is blocked: all of its DMA faults.
  private func attached(
    _ id: UInt32, _ iova: IOVA, write: Bool, _ session: Session
  ) throws(Failure) -> (HeldDevice, HeldTable) {
    let device = try session.context.device(id)
    guard let table = device.table else {
      noteFault(DMAFault(device: id, iova: iova, done: 0, write: write), session.context)
      var failure = Failure(
        .efault, "device \(id) faults at \(iova): it is attached to nothing", field: "device")
      failure.done = 0
      throw failure
    }
    return (device, table)
  }
}

/// Memory as a device sees it: a copy goes as far as it can.
private struct DeviceCopies: BulkMemory {
  let device: Device

  func check(_ way: FileCopy.Way, patient: Bool) throws(Refusal) {}

  func read(_ iova: IOVA, into buffer: UnsafeMutableRawBufferPointer, patient: Bool) throws(Refusal) {
    try unsafe device.read(iova, into: buffer, patient: patient)
  }

  func write(_ iova: IOVA, from buffer: UnsafeRawBufferPointer, patient: Bool) throws(Refusal) {
    try unsafe device.write(iova, from: buffer, patient: patient)
  }
}
