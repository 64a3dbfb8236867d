// SPDX-License-Identifier: Apache-2.0

/// One value of a scanned text: where it stands and what follows it. Tokens lie in the order of the text, so
/// the first child of an object or array is the token after it, and a member's value the token after its key.
struct Token {
  enum Kind: UInt32 {
    case null, no, yes, number, string, object, array
  }

  /// First byte; of a string, the byte after its quote.
  var start: UInt32
  /// The byte after the last; of a string, its closing quote.
  var end: UInt32
  /// The token after this value and all that it holds. While a container is open: its parent, or
  /// ``none``.
  var next: UInt32
  /// Kind in the low bits, a flag, and the number of elements or members above.
  private var info: UInt32

  static var none: UInt32 { .max }

  @inline(__always)
  init(_ kind: Kind, start: Int, end: Int, next: Int, flag: Bool = false) {
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
    self.next = UInt32(truncatingIfNeeded: next)
    info = kind.rawValue | (flag ? 8 : 0)
  }

  @inline(__always) var kind: Kind { Kind(rawValue: info & 7) ?? .null }
  @inline(__always) func isKind(_ kind: Kind) -> Bool { info & 7 == kind.rawValue }
  /// A string with escapes, or a number that is no unsigned integer.
  @inline(__always) var flag: Bool { info & 8 != 0 }
  /// Elements of an array, members of an object.
  @inline(__always) var count: Int { Int(info >> 4) }
  @inline(__always) mutating func countOne() { info &+= 16 }
}
