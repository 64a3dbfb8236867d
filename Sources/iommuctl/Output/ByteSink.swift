// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// Where memory that was read goes: to standard output as it is, or into a value for JSON.
struct ByteSink: ~Copyable {
  /// What was taken, when it is collected.
  private(set) var collected: [UInt8]?
  private var progress: Progress

  init(collects: Bool, total: UInt64) {
    collected = collects ? [] : nil
    progress = Progress("reading", total: total)
  }

  mutating func take(_ bytes: [UInt8]) throws(Problem) {
    if collected != nil { collected?.append(contentsOf: bytes) } else { try printBytes(bytes) }
    progress.advance(by: UInt64(bytes.count))
  }

  mutating func take(_ mapping: borrowing MappedSegment) throws(Problem) {
    var from = 0
    while from < mapping.count {
      let part = from..<min(from + 1 << 20, mapping.count)
      let bytes = unsafe mapping.withBytes { bytes in unsafe [UInt8](bytes[part]) }
      try take(bytes)
      from = part.upperBound
    }
  }
}

/// Memory that was read, for JSON.
struct ReadBytes: Members {
  var iova = IOVA(0)
  var length: UInt64 = 0
  var data = Bytes()

  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("iova", &iova, "the first address")
    try visitor.member("length", &length, "bytes")
    try visitor.member("data", &data, "base64 of the bytes")
  }
}
