// SPDX-License-Identifier: Apache-2.0

/// Base64 as RFC 4648 section 4 has it: with padding, without line ends.
enum Base64 {
  private static let alphabet: StaticString =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

  /// Writes four characters for each three bytes begun. O(n).
  static func encode(_ bytes: UnsafeBufferPointer<UInt8>, into target: UnsafeMutablePointer<UInt8>) {
    let digits = unsafe alphabet.utf8Start
    let count = bytes.count
    var from = 0
    var to = 0
    while from &+ 2 < count {
      let word = unsafe UInt32(bytes[from]) << 16 | UInt32(bytes[from &+ 1]) << 8 | UInt32(bytes[from &+ 2])
      unsafe target[to] = digits[Int(word >> 18)]
      unsafe target[to &+ 1] = digits[Int(word >> 12 & 63)]
      unsafe target[to &+ 2] = digits[Int(word >> 6 & 63)]
      unsafe target[to &+ 3] = digits[Int(word & 63)]
      from &+= 3
      to &+= 4
    }
    guard from < count else { return }
    let second = from &+ 1 < count ? unsafe UInt32(bytes[from &+ 1]) : 0
    let word = unsafe UInt32(bytes[from]) << 16 | second << 8
    unsafe target[to] = digits[Int(word >> 18)]
    unsafe target[to &+ 1] = digits[Int(word >> 12 & 63)]
    unsafe target[to &+ 2] = from &+ 1 < count ? digits[Int(word >> 6 & 63)] : UInt8(ascii: "=")
    unsafe target[to &+ 3] = UInt8(ascii: "=")
  }

  /// The bytes that `text` stands for, or nil when it is no base64 or not its only spelling. O(n).
  static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    guard text.count > 0 else { return [] }
    var padding = 0
    while padding < 2, unsafe text[text.count - 1 - padding] == UInt8(ascii: "=") { padding += 1 }
    let digits = text.count - padding
    let size = text.count / 4 * 3 - padding
    var valid = true
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { target, count in
      var word: UInt32 = 0
      for place in 0..<digits {
        guard let digit = value(unsafe text[place]) else {
          valid = false
          return
        }
        word = word << 6 | digit
        if place % 4 == 3 {
          for shift in 0..<3 {
            unsafe target[count + shift] = UInt8(truncatingIfNeeded: word >> UInt32(16 - 8 * shift))
          }
          count += 3
        }
      }
      // The last group's bits below its last byte have to be 0.
      switch padding {
      case 1:
        valid = word & 3 == 0
        unsafe target[count] = UInt8(truncatingIfNeeded: word >> 10)
        unsafe target[count + 1] = UInt8(truncatingIfNeeded: word >> 2)
        count += 2
      case 2:
        valid = word & 15 == 0
        unsafe target[count] = UInt8(truncatingIfNeeded: word >> 4)
        count += 1
      default:
        break
      }
    }
    return valid ? bytes : nil
  }

  @inline(__always)
  private static func value(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character &- UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character &- UInt8(ascii: "a")) &+ 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character &- UInt8(ascii: "0")) &+ 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
