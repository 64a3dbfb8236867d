// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Shows a trace what a connection receives.
final class ConnectionTap: LineTap {
  private let tracer: Tracer
  private let id: SessionID

  init(_ tracer: Tracer, _ id: SessionID) {
    self.tracer = tracer
    self.id = id
  }

  func passed(_ line: UnsafeRawBufferPointer, isWhole: Bool, _ batch: DescriptorBatch?) {
    unsafe tracer.requested(id, line, isWhole: isWhole, batch)
  }
}

extension Connection {
  /// Records answers and events as soon as they are made, so that they stand before the requests that come after them.
  @inline(__always)
  func traceAnswers() {
    if let tracer = floor.tracer { trace(tracer) }
  }

  private func trace(_ tracer: Tracer) {
    unsafe outbox.show(after: &traced) { line, batch in unsafe tracer.answered(session.id, line, batch) }
  }
}
