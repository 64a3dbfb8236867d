// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension Outbox {
  /// Answers `id` with `result` and the descriptors of `batch`.
  package mutating func answer<R: Members>(_ id: RequestID, _ result: R, _ batch: DescriptorBatch? = nil) {
    let start = writer.count
    beginLine(with: batch)
    writer.verbatim("{\"jsonrpc\":\"2.0\",\"id\":")
    id.write(to: &writer)
    writer.verbatim(",\"result\":")
    result.write(to: &writer)
    if let batch, batch.count > 0 {
      writer.verbatim(",\"fds\":")
      writer.number(UInt64(batch.count))
    }
    writer.verbatim("}")
    guard writer.count - start <= WireLimit.lineBytes else {
      takeBack(to: start)
      let bound = "the answer would be longer than \(WireLimit.lineBytes) bytes; ask for less"
      refuse(id, Failure(.eoverflow, bound))
      return
    }
    writer.endLine()
  }

  /// Answers `id` with a result that was encoded before.
  package mutating func answer(_ id: RequestID, encoded result: [UInt8], _ batch: DescriptorBatch? = nil) {
    beginLine(with: batch)
    writer.verbatim("{\"jsonrpc\":\"2.0\",\"id\":")
    id.write(to: &writer)
    writer.verbatim(",\"result\":")
    writer.verbatim(result)
    if let batch, batch.count > 0 {
      writer.verbatim(",\"fds\":")
      writer.number(UInt64(batch.count))
    }
    writer.verbatim("}")
    writer.endLine()
  }

  /// Answers `id`, or null where there is none, with an error.
  package mutating func refuse(_ id: RequestID?, _ failure: Failure) {
    beginLine(with: nil)
    writer.verbatim("{\"jsonrpc\":\"2.0\",\"id\":")
    if let id { id.write(to: &writer) } else { writer.verbatim("null") }
    writer.verbatim(",\"error\":")
    failure.write(to: &writer)
    writer.verbatim("}")
    writer.endLine()
  }

  /// Tells `event`.
  package mutating func notify(_ event: Event) {
    beginLine(with: nil)
    writer.verbatim("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":")
    event.write(to: &writer)
    writer.verbatim("}")
    writer.endLine()
  }

  /// Calls `method` with the descriptors of `batch`.
  package mutating func request<M: Method>(
    _ id: UInt64, _ method: M, _ batch: DescriptorBatch? = nil, key: String? = nil
  ) {
    beginLine(with: batch)
    writer.verbatim("{\"jsonrpc\":\"2.0\",\"id\":")
    writer.number(id)
    writer.verbatim(",\"method\":")
    writer.string(M.name)
    writer.verbatim(",\"params\":")
    method.write(to: &writer)
    if let batch, batch.count > 0 {
      writer.verbatim(",\"fds\":")
      writer.number(UInt64(batch.count))
    }
    if let key {
      writer.verbatim(",\"key\":")
      writer.string(key)
    }
    writer.verbatim("}")
    writer.endLine()
  }
}

extension Outbox {
  /// Calls the method `name` with parameters that are JSON already, on one line.
  package mutating func request(
    _ id: UInt64, name: String, parameters: String, _ batch: DescriptorBatch? = nil
  ) {
    beginLine(with: batch)
    writer.verbatim("{\"jsonrpc\":\"2.0\",\"id\":")
    writer.number(id)
    writer.verbatim(",\"method\":")
    writer.string(name)
    writer.verbatim(",\"params\":")
    writer.verbatim(parameters)
    if let batch, batch.count > 0 {
      writer.verbatim(",\"fds\":")
      writer.number(UInt64(batch.count))
    }
    writer.verbatim("}")
    writer.endLine()
  }

  /// Sends a line as it is.
  package mutating func line(_ text: String, _ batch: DescriptorBatch? = nil) {
    beginLine(with: batch)
    writer.verbatim(text)
    writer.endLine()
  }

  /// Sends bytes as they are, whatever they say.
  ///
  /// - Parameter isWhole: whether a newline goes behind them.
  package mutating func line(_ bytes: [UInt8], isWhole: Bool, _ batch: DescriptorBatch?) {
    beginLine(with: batch)
    writer.verbatim(bytes)
    if isWhole { writer.endLine() }
  }
}

extension Failure {
  /// Appends the error object that answers carry.
  package func write(to writer: inout Writer) {
    writer.open("{")
    writer.name("code")
    if code < 0 { writer.verbatim("-") }
    writer.number(UInt64(code.magnitude))
    writer.name("message")
    writer.string(message)
    if errno != nil || field != nil || done != nil || !pins.isEmpty || !holders.isEmpty {
      writer.name("data")
      writer.open("{")
      if let errno {
        writer.name("errno")
        writer.string(errno.description)
      }
      if let field {
        writer.name("field")
        writer.string(field)
      }
      if let done {
        writer.name("done")
        writer.number(done)
      }
      if !pins.isEmpty {
        writer.name("pins")
        pins.write(to: &writer)
      }
      if !holders.isEmpty {
        writer.name("holders")
        holders.write(to: &writer)
      }
      writer.close("}")
    }
    writer.close("}")
  }
}
