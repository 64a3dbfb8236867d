// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuBase

extension UInt64 {
  /// Decimal digits, or `0x` and hexadecimal ones; nil for anything else, signs included.
  package init?(addressText text: Substring) {
    let hexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = hexadecimal ? text.dropFirst(2) : text
    guard let first = digits.first, first != "+", first != "-" else { return nil }
    self.init(digits, radix: hexadecimal ? 16 : 10)
  }
}

extension IOVA: ExpressibleByArgument {
  /// An address as `0x...` or in decimal.
  public init?(argument: String) {
    guard let value = UInt64(addressText: argument[...]) else { return nil }
    self.init(value)
  }
}

/// A range of addresses as people write it: `FIRST-LAST` or `FIRST+LENGTH`; or its beginning alone.
package enum AddressOrRange: Equatable, Sendable {
  case address(IOVA)
  case range(IOVARange)

  /// Nil for malformed parts, an end before the beginning, length 0, and what passes 64 bits.
  package init?(_ text: String) {
    if let plus = text.firstIndex(of: "+") {
      guard let first = UInt64(addressText: text[..<plus]),
        let length = ByteSize(text[text.index(after: plus)...]),
        let range = IOVARange(first: IOVA(first), length: length.bytes)
      else { return nil }
      self = .range(range)
    } else if let dash = text.firstIndex(of: "-") {
      guard let first = UInt64(addressText: text[..<dash]),
        let last = UInt64(addressText: text[text.index(after: dash)...]), first <= last
      else { return nil }
      self = .range(IOVARange(IOVA(first), through: IOVA(last)))
    } else {
      guard let first = UInt64(addressText: text[...]) else { return nil }
      self = .address(IOVA(first))
    }
  }
}

extension AddressOrRange: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
