// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Puts numbers and texts one behind the other into memory of a fixed size. Numbers take seven bits a byte, low ones
/// first, the eighth bit saying that there is more.
@safe
package struct LogWriter {
  private let base: UnsafeMutablePointer<UInt8>
  private let end: Int
  /// Bytes written.
  package private(set) var at: Int
  /// There was not enough room.
  package private(set) var isFull = false

  /// Writes behind the first `at` of `end` bytes.
  package init(_ base: UnsafeMutableRawPointer, from at: Int, to end: Int) {
    unsafe self.base = base.assumingMemoryBound(to: UInt8.self)
    self.at = at
    self.end = end
  }

  mutating func byte(_ value: UInt8) {
    guard at < end else {
      isFull = true
      return
    }
    unsafe base[at] = value
    at += 1
  }

  mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      byte(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    byte(UInt8(truncatingIfNeeded: rest))
  }

  mutating func number(_ value: UInt32) { number(UInt64(value)) }
  mutating func id(_ id: ObjectID) { number(id.rawValue) }
  mutating func flag(_ value: Bool) { byte(value ? 1 : 0) }

  mutating func bytes(_ value: [UInt8]) {
    number(UInt64(value.count))
    guard value.count <= end - at else {
      isFull = true
      return
    }
    unsafe value.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      unsafe (base + at).update(from: start, count: source.count)
    }
    at += value.count
  }

  mutating func text(_ value: String) { bytes(Array(value.utf8)) }

  /// As its first address and what is added to reach the last.
  mutating func range(_ value: IOVARange) {
    number(value.first.rawValue)
    number(value.last.rawValue - value.first.rawValue)
  }

  mutating func ranges(_ value: [IOVARange]) {
    number(UInt64(value.count))
    for range in value { self.range(range) }
  }
}

/// What a log says cannot be so.
package struct LogCorruption: Error {}

/// Reads what ``LogWriter`` wrote, and trusts nothing.
@safe
package struct LogReader {
  private let base: UnsafePointer<UInt8>
  private let end: Int
  package private(set) var at: Int

  package init(_ base: UnsafeRawPointer, from at: Int, to end: Int) {
    unsafe self.base = base.assumingMemoryBound(to: UInt8.self)
    self.at = at
    self.end = end
  }

  package var isAtEnd: Bool { at == end }

  mutating func byte() throws(LogCorruption) -> UInt8 {
    guard at < end else { throw LogCorruption() }
    defer { at += 1 }
    return unsafe base[at]
  }

  mutating func number() throws(LogCorruption) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try byte()
      guard shift < 63 || byte <= 1 else { throw LogCorruption() }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
  }

  mutating func number32() throws(LogCorruption) -> UInt32 {
    guard let value = UInt32(exactly: try number()) else { throw LogCorruption() }
    return value
  }

  mutating func id() throws(LogCorruption) -> ObjectID {
    guard let id = ObjectID(try number32()) else { throw LogCorruption() }
    return id
  }

  mutating func optionalID() throws(LogCorruption) -> ObjectID? { ObjectID(try number32()) }

  mutating func flag() throws(LogCorruption) -> Bool {
    switch try byte() {
    case 0: false
    case 1: true
    default: throw LogCorruption()
    }
  }

  mutating func bytes() throws(LogCorruption) -> [UInt8] {
    let count = try count(of: 1)
    defer { at += count }
    return unsafe Array(UnsafeBufferPointer(start: base + at, count: count))
  }

  mutating func text() throws(LogCorruption) -> String {
    guard let text = String(validating: try bytes(), as: UTF8.self) else { throw LogCorruption() }
    return text
  }

  /// How many things of at least `size` bytes follow: never more than there is room for.
  mutating func count(of size: Int) throws(LogCorruption) -> Int {
    guard let count = Int(exactly: try number()), count <= (end - at) / size else { throw LogCorruption() }
    return count
  }

  mutating func range() throws(LogCorruption) -> IOVARange {
    let first = try number()
    let (last, overflows) = first.addingReportingOverflow(try number())
    guard !overflows else { throw LogCorruption() }
    return IOVARange(IOVA(first), through: IOVA(last))
  }

  mutating func ranges() throws(LogCorruption) -> [IOVARange] {
    let count = try count(of: 2)
    var ranges: [IOVARange] = []
    ranges.reserveCapacity(count)
    for _ in 0..<count { ranges.append(try range()) }
    return ranges
  }
}
