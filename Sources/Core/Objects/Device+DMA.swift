// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What a device does to memory.
extension Device {
  /// Reads from `iova` on through the table that the device stands on.
  ///
  /// - Parameter patient: whether the thread can be spared for as long as memory may not answer.
  /// - Throws: ``Refusal/fault(iova:done:)`` with the bytes done before the fault, all of it where the device stands
  ///   on nothing; `emptyRange`, `overflow`, `contended`, `mayBlock`.
  package func read(
    _ iova: IOVA, into buffer: UnsafeMutableRawBufferPointer, _ waiting: Waiting = .wait,
    patient: Bool = true
  ) throws(Refusal) {
    try through(iova) { (table) throws(Refusal) in
      try unsafe table.space.dmaRead(table.domain, iova, into: buffer, waiting, patient: patient)
    }
  }

  /// Writes `buffer` from `iova` on. Errors as ``read(_:into:_:)``; the bytes done before a fault are written.
  package func write(
    _ iova: IOVA, from buffer: UnsafeRawBufferPointer, _ waiting: Waiting = .wait,
    patient: Bool = true
  ) throws(Refusal) {
    try through(iova) { (table) throws(Refusal) in
      try unsafe table.space.dmaWrite(table.domain, iova, from: buffer, waiting, patient: patient)
    }
  }

  /// Does `body`, a copy that begins at `iova`, with the device's table. Where that was taken away between the look at
  /// it and the first translation, its successor is asked: a device that changes over misses nothing.
  package func through(_ iova: IOVA, _ body: (PageTable) throws(Refusal) -> Void) throws(Refusal) {
    var table = self.table
    while let current = table {
      do throws(Refusal) {
        return try body(current)
      } catch {
        table = self.table
        guard case .fault = error, table !== current else { throw error }
      }
    }
    throw .fault(iova: iova, done: 0)
  }
}
