// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// A view of a scanned text, from which typed values are read where they stand.
///
/// It owns nothing: it ends with the text's memory or with the next scan of its ``Scanner``, whichever comes
/// first. Values are named by token numbers; 0 is the whole text.
@safe
public struct Reader {
  let base: UnsafePointer<UInt8>
  let tokens: UnsafePointer<Token>
  /// Members that nobody asks for are passed over, as a client does with an answer of a newer daemon.
  let tolerant: Bool

  init(_ base: UnsafePointer<UInt8>, _ tokens: UnsafePointer<Token>, tolerant: Bool) {
    unsafe self.base = base
    unsafe self.tokens = tokens
    self.tolerant = tolerant
  }

  @inline(__always)
  func token(_ index: Int) -> Token { unsafe tokens[index] }

  func isKind(_ kind: Token.Kind, at index: Int) -> Bool { token(index).isKind(kind) }

  /// Whether the string at `index` says `text`, which is ASCII.
  @inline(__always)
  func says(_ text: StaticString, at index: Int) -> Bool {
    let token = token(index)
    let count = text.utf8CodeUnitCount
    if _slowPath(token.flag) {
      return unsafe unescaped(base, Int(token.start), Int(token.end))
        == Array(UnsafeBufferPointer(start: text.utf8Start, count: count))
    }
    guard Int(token.end &- token.start) == count else { return false }
    return unsafe memcmp(base + Int(token.start), text.utf8Start, count) == 0
  }

  /// A member of the object at `index`, or nil. O(members).
  func member(_ name: StaticString, of index: Int) -> Int? {
    var key = index + 1
    for _ in 0..<token(index).count {
      if says(name, at: key) { return key + 1 }
      key = Int(token(key + 1).next)
    }
    return nil
  }

  /// The integer at `index`, or nil when it is none, is negative, or has more than 64 bits.
  @inline(__always)
  func unsigned(at index: Int) -> UInt64? {
    let token = token(index)
    guard token.isKind(.number), !token.flag else { return nil }
    let length = token.end &- token.start
    guard length <= 20 else { return nil }
    var value: UInt64 = 0
    var at = Int(token.start)
    // 19 digits always fit.
    let safe = min(Int(token.end), at &+ 19)
    while at < safe {
      value = value &* 10 &+ UInt64(unsafe base[at] &- UInt8(ascii: "0"))
      at &+= 1
    }
    if at == Int(token.end) { return value }
    let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
    let (sum, carry) = tens.addingReportingOverflow(UInt64(unsafe base[at] &- UInt8(ascii: "0")))
    return overflow || carry ? nil : sum
  }

  /// The address at `index`: an integer, or `0x` with 1 to 16 digits in a string.
  @inline(__always)
  func address(at index: Int) -> UInt64? {
    let token = token(index)
    if token.isKind(.number) { return unsigned(at: index) }
    let length = token.end &- token.start
    guard token.isKind(.string), (3...18).contains(length) else { return nil }
    var at = Int(token.start)
    guard unsafe base[at] == UInt8(ascii: "0"), unsafe base[at &+ 1] == UInt8(ascii: "x") else { return nil }
    at &+= 2
    var value: UInt64 = 0
    while at < Int(token.end) {
      guard let digit = hexDigit(unsafe base[at]) else { return nil }
      value = value << 4 | UInt64(digit)
      at &+= 1
    }
    return value
  }

  /// Bytes of the string or number at `index`, as it was sent.
  func textLength(at index: Int) -> Int { Int(token(index).end &- token(index).start) }

  /// The string at `index`, or nil when it is none. O(length).
  func string(at index: Int) -> String? {
    let token = token(index)
    guard token.isKind(.string) else { return nil }
    if token.flag {
      return unsafe String(decoding: unescaped(base, Int(token.start), Int(token.end)), as: UTF8.self)
    }
    return unsafe String(
      decoding: UnsafeBufferPointer(start: base + Int(token.start), count: Int(token.end - token.start)),
      as: UTF8.self)
  }

  /// Runs `body` on the bytes of the string at `index`, escapes resolved; nil when it is none.
  func withString<R>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R? {
    let token = token(index)
    guard token.isKind(.string) else { return nil }
    if token.flag {
      return unsafe unescaped(base, Int(token.start), Int(token.end)).withUnsafeBufferPointer { bytes in
        unsafe body(bytes)
      }
    }
    return unsafe body(
      UnsafeBufferPointer(start: base + Int(token.start), count: Int(token.end - token.start)))
  }

  /// The text of the value at `index`, as it was sent.
  func text(at index: Int) -> String {
    let token = token(index)
    let quote = token.isKind(.string) ? 1 : 0
    let start = Int(token.start) - quote
    return unsafe String(
      decoding: UnsafeBufferPointer(start: base + start, count: Int(token.end) + quote - start),
      as: UTF8.self)
  }
}
