// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// What has to hold of the records of a trace, one after the other.
package struct TraceOrder {
  private var hasBegun = false
  /// Connections that are open, and whether their clients may still send.
  private var open: [UInt64: Bool] = [:]
  private var last: UInt64 = 0

  package init() {}

  /// - Throws: a failure whose message says why `record` cannot come next.
  package mutating func check(_ record: TraceRecord) throws(Failure) {
    guard hasBegun != (record.kind == .trace) else {
      throw .parse(hasBegun ? "a trace begins only once" : "a trace begins with a record of kind \"trace\"")
    }
    if record.kind == .trace {
      guard record.format == TraceRecord.format else {
        let format = record.format.map { "\($0)" } ?? "unknown"
        throw .parse("the trace has format \(format); this program reads format \(TraceRecord.format)")
      }
      hasBegun = true
      return
    }
    guard let connection = record.connection else { throw .parse("a record without its connection") }
    if record.kind == .open { return try begin(record, connection) }
    guard let maySend = open[connection] else { throw .parse("connection \(connection) is not open") }
    switch record.kind {
    case .trace, .open: break
    case .request:
      guard maySend else { throw .parse("connection \(connection) sends nothing after its end") }
      try checkLine(record)
    case .answer, .event: try checkLine(record)
    case .end: open[connection] = false
    case .close: open[connection] = nil
    }
  }

  private mutating func begin(_ record: TraceRecord, _ connection: UInt64) throws(Failure) {
    guard connection > last else { throw .parse("connection \(connection) was open before") }
    guard record.role != nil, record.uid != nil else {
      throw .parse("it is not said whose connection \(connection) is: role and uid")
    }
    last = connection
    open[connection] = true
  }

  private func checkLine(_ record: TraceRecord) throws(Failure) {
    guard (record.text == nil) != (record.base64 == nil) else {
      throw .parse("a line is either text or base64")
    }
    let files = record.files ?? []
    guard files.count <= Self.mostFiles else {
      throw .parse("no line comes with more than \(Self.mostFiles) descriptors")
    }
    for file in files where file.kind == .memory {
      guard file.file != nil, let size = file.size, size <= UInt64(Int64.max) else {
        throw .parse("it is not said which memory a descriptor leads to: file and size")
      }
      guard [nil, 2 << 20, 1 << 30].contains(file.hugePage) else {
        throw .parse("huge pages are of 2 MiB or 1 GiB")
      }
    }
  }

  /// What the kernel lets one message carry.
  private static var mostFiles: Int { 253 }
}
