// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// What devices do to memory. DMA keeps nobody from attaching the device elsewhere meanwhile.
extension DeviceService {
  package func dmaRead(
    _ call: DeviceDMARead, _ session: Session
  ) throws(Failure) -> Outcome<DeviceDMARead.Result> {
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
    let length = try Transfer.check(UInt64(call.data.bytes.count), field: "data")
    let (device, table) = try attached(call.device, call.iova, write: true, session)
    let tracks = table.table.isTracking
    // What it notes takes memory too.
    if tracks { try session.context.checkEngineBytes(field: "device") }
    let (engine, bytes) = (device.device, call.data.bytes)
    return try session.context.attemptCopy { (waiting, patient) throws(Refusal) in
      try unsafe Transfer.write(bytes) { (buffer) throws(Refusal) in
        try unsafe engine.write(call.iova, from: buffer, waiting, patient: patient)
      }
    } then: { [context = session.context] (result) throws(Failure) in
      if tracks { table.book() }
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
