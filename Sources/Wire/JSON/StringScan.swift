// SPDX-License-Identifier: Apache-2.0

/// Finds the end of a string and holds it to RFC 8259 and RFC 3629 on the way.
@safe
struct StringScan {
  let base: UnsafePointer<UInt8>
  let end: Int
  /// Where the scan stands.
  var at: Int
  /// Whether there is an escape.
  var escaped = false

  init(_ base: UnsafePointer<UInt8>, end: Int, at: Int) {
    unsafe self.base = base
    self.end = end
    self.at = at
  }

  /// Moves from the byte after the opening quote to the closing one. O(length).
  @inline(__always)
  mutating func run() -> SyntaxFault? {
    while true {
      skipPlain()
      guard at < end else { return SyntaxFault(.unfinished, at: at) }
      let byte = unsafe base[at]
      if byte == UInt8(ascii: "\"") { return nil }
      if let fault = special(byte) { return fault }
    }
  }

  /// Passes bytes that need no look: printable ASCII but quote and backslash. Eight at a time where there are
  /// eight left: data and paths are long.
  @inline(__always)
  private mutating func skipPlain() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    while at &+ 8 <= end {
      let word = unsafe UnsafeRawPointer(base + at).loadUnaligned(as: UInt64.self)
      let quote = word ^ (ones &* 0x22)
      let backslash = word ^ (ones &* 0x5c)
      // A byte below its subtrahend borrows into its high bit; those with a high bit of their own count too.
      let found =
        (word &- (ones &* 0x20)) | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | word
      let hit = found & highs
      if hit != 0 {
        at &+= UInt64(littleEndian: hit).trailingZeroBitCount >> 3
        return
      }
      at &+= 8
    }
    while at < end {
      let byte = unsafe base[at]
      if byte < 0x20 || byte == 0x22 || byte == 0x5c || byte >= 0x80 { return }
      at &+= 1
    }
  }

  private mutating func special(_ byte: UInt8) -> SyntaxFault? {
    if byte == UInt8(ascii: "\\") {
      escaped = true
      return escape()
    }
    if byte < 0x20 { return SyntaxFault(.control, at: at) }
    if byte < 0x80 {
      at += 1
      return nil
    }
    return sequence(byte)
  }

  /// One character of two to four bytes: shortest form, no surrogate, at most U+10FFFF.
  private mutating func sequence(_ lead: UInt8) -> SyntaxFault? {
    let (more, low, high): (Int, UInt8, UInt8) =
      switch lead {
      case 0xC2...0xDF: (1, 0x80, 0xBF)
      case 0xE0: (2, 0xA0, 0xBF)
      case 0xED: (2, 0x80, 0x9F)
      case 0xE1...0xEF: (2, 0x80, 0xBF)
      case 0xF0: (3, 0x90, 0xBF)
      case 0xF1...0xF3: (3, 0x80, 0xBF)
      case 0xF4: (3, 0x80, 0x8F)
      default: (0, 0, 0)
      }
    guard more > 0 else { return SyntaxFault(.encoding, at: at) }
    guard end - at > more else { return SyntaxFault(.unfinished, at: end) }
    let second = unsafe base[at + 1]
    guard low <= second && second <= high else { return SyntaxFault(.encoding, at: at) }
    for distance in 2..<4 where distance <= more {
      guard unsafe base[at + distance] & 0xC0 == 0x80 else { return SyntaxFault(.encoding, at: at) }
    }
    at += more + 1
    return nil
  }

  private mutating func escape() -> SyntaxFault? {
    guard end - at > 1 else { return SyntaxFault(.unfinished, at: end) }
    switch unsafe base[at + 1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      at += 2
      return nil
    case UInt8(ascii: "u"):
      guard let unit = unit(at) else { return SyntaxFault(.escape, at: at) }
      switch unit {
      case 0xD800...0xDBFF:
        guard let low = self.unit(at + 6), (0xDC00...0xDFFF).contains(low) else {
          return SyntaxFault(.surrogate, at: at)
        }
        at += 12
      case 0xDC00...0xDFFF:
        return SyntaxFault(.surrogate, at: at)
      default:
        at += 6
      }
      return nil
    default:
      return SyntaxFault(.escape, at: at)
    }
  }

  /// The UTF-16 code unit of the escape `\uXXXX` at `position`, if that is what stands there.
  private func unit(_ position: Int) -> UInt32? {
    guard end - position >= 6 else { return nil }
    return unsafe hexUnit(base, position)
  }
}

/// The value of `\uXXXX` at `position`, or nil when it is something else. All six bytes must be there.
func hexUnit(_ base: UnsafePointer<UInt8>, _ position: Int) -> UInt32? {
  guard unsafe base[position] == UInt8(ascii: "\\"), unsafe base[position + 1] == UInt8(ascii: "u")
  else { return nil }
  var unit: UInt32 = 0
  for distance in 2..<6 {
    guard let digit = hexDigit(unsafe base[position + distance]) else { return nil }
    unit = unit << 4 | UInt32(digit)
  }
  return unit
}

/// The value of a hexadecimal digit of either case.
@inline(__always)
func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
  default: nil
  }
}
