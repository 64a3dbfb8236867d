// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A growing buffer that JSON is written into.
///
/// Objects and arrays are opened and closed by the caller; the commas between are put by the writer.
@safe
public struct Writer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes written.
  public private(set) var count = 0
  /// Whether something stands before the next element of the innermost container.
  private var follows = false

  private static var smallCapacity: Int { 1024 }

  public init() {
    capacity = Self.smallCapacity
    unsafe base = .allocate(capacity: capacity)
  }

  deinit { unsafe base.deallocate() }

  /// Makes room for `more` bytes.
  @inline(__always)
  mutating func reserve(_ more: Int) {
    if _slowPath(capacity &- count < more) { grow(more) }
  }

  @inline(never)
  private mutating func grow(_ more: Int) {
    var larger = capacity
    while larger - count < more { larger *= 2 }
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    unsafe moved.update(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = moved
    capacity = larger
  }

  /// Writes a byte for which there is room.
  @inline(__always)
  private mutating func put(_ byte: UInt8) {
    unsafe base[count] = byte
    count &+= 1
  }

  @inline(__always)
  private mutating func put(_ text: StaticString) {
    let length = text.utf8CodeUnitCount
    unsafe memcpy(base + count, text.utf8Start, length)
    count &+= length
  }

  /// The comma before an element of an array, where there is to be one.
  @inline(__always)
  mutating func element() {
    reserve(1)
    if follows { put(UInt8(ascii: ",")) }
    follows = true
  }

  /// A member's name, which needs no escapes, with the comma before and the colon after it.
  @inline(__always)
  mutating func name(_ name: StaticString) {
    reserve(name.utf8CodeUnitCount &+ 4)
    if follows { put(UInt8(ascii: ",")) }
    put(UInt8(ascii: "\""))
    put(name)
    put(UInt8(ascii: "\""))
    put(UInt8(ascii: ":"))
    follows = true
  }

  @inline(__always)
  mutating func open(_ bracket: Unicode.Scalar) {
    reserve(1)
    put(UInt8(truncatingIfNeeded: bracket.value))
    follows = false
  }

  @inline(__always)
  mutating func close(_ bracket: Unicode.Scalar) {
    reserve(1)
    put(UInt8(truncatingIfNeeded: bracket.value))
    follows = true
  }

  /// Text that is JSON already.
  @inline(__always)
  mutating func verbatim(_ text: StaticString) {
    reserve(text.utf8CodeUnitCount)
    put(text)
  }

  mutating func verbatim(_ text: String) {
    var text = text
    text.withUTF8 { unsafe append($0) }
  }

  mutating func verbatim(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBufferPointer { unsafe append($0) }
  }

  @inline(__always)
  mutating func number(_ value: UInt64) {
    reserve(20)
    if value < 10 { return put(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value)) }
    var digits = 1
    var bound: UInt64 = 10
    while digits < 20 && value >= bound {
      digits &+= 1
      bound = bound &* 10
      if bound == 7_766_279_631_452_241_920 { break }  // 10^20 modulo 2^64: there is no 21st digit
    }
    var rest = value
    var at = count &+ digits
    repeat {
      at &-= 1
      unsafe base[at] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while at > count
    count &+= digits
  }

  /// `"0x..."` with lower-case digits and no leading zero.
  @inline(__always)
  mutating func address(_ value: UInt64) {
    reserve(20)
    put(UInt8(ascii: "\""))
    put(UInt8(ascii: "0"))
    put(UInt8(ascii: "x"))
    var shift = max(0, 60 &- (value.leadingZeroBitCount & ~3))
    while shift >= 0 {
      let digit = UInt8(truncatingIfNeeded: value >> UInt64(shift) & 15)
      put(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &- 10 &+ digit)
      shift &-= 4
    }
    put(UInt8(ascii: "\""))
  }

  /// A string with the escapes that it needs.
  mutating func string(_ text: String) {
    var text = text
    text.withUTF8 { unsafe string($0) }
  }

  mutating func string(_ text: StaticString) {
    reserve(text.utf8CodeUnitCount &+ 2)
    put(UInt8(ascii: "\""))
    put(text)
    put(UInt8(ascii: "\""))
  }

  private mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) {
    reserve(bytes.count * 6 &+ 2)
    put(UInt8(ascii: "\""))
    for place in 0..<bytes.count {
      let byte = unsafe bytes[place]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        put(UInt8(ascii: "\\"))
        put(byte)
      case UInt8(ascii: "\n"):
        put("\\n")
      case UInt8(ascii: "\t"):
        put("\\t")
      case ..<0x20:
        put("\\u00")
        put(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
        let digit = byte & 15
        put(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &- 10 &+ digit)
      default:
        put(byte)
      }
    }
    put(UInt8(ascii: "\""))
  }

  /// A string with the base64 of `bytes`.
  mutating func base64(_ bytes: [UInt8]) {
    let length = (bytes.count + 2) / 3 * 4
    reserve(length &+ 2)
    put(UInt8(ascii: "\""))
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe Base64.encode(bytes, into: base + count)
    }
    count &+= length
    put(UInt8(ascii: "\""))
  }

  /// Bytes that are JSON already.
  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    unsafe (base + count).update(from: source, count: bytes.count)
    count &+= bytes.count
  }

  /// The end of a line; what follows is a text of its own.
  @inline(__always)
  package mutating func endLine() {
    reserve(1)
    put(UInt8(ascii: "\n"))
    follows = false
  }

  /// Takes back everything from byte `position` on.
  package mutating func truncate(to position: Int) {
    assert(position <= count)
    count = position
    follows = false
  }

  /// Forgets the first `length` bytes. O(count - length).
  mutating func removeFirst(_ length: Int) {
    assert(length <= count)
    if length < count { unsafe memmove(base, base + length, count &- length) }
    count &-= length
    if count == 0 && capacity > 1 << 18 { shrink() }
  }

  /// Gives back what an unusually long answer took.
  @inline(never)
  private mutating func shrink() {
    unsafe base.deallocate()
    capacity = Self.smallCapacity
    unsafe base = .allocate(capacity: capacity)
  }

  /// The bytes from `position` on, for as long as `body` runs.
  package func withBytes<R>(from position: Int = 0, _ body: (UnsafeRawBufferPointer) -> R) -> R {
    unsafe body(UnsafeRawBufferPointer(start: base + position, count: count - position))
  }

  /// What was written, as a string. For tests and tools.
  package var text: String {
    unsafe String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
  }
}
