// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuBase
import IommuWire

/// A range on the command line: `0x1000-0x1fff`, `0x1000+4K`, or `0x1000 4K`.
struct RangeArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("First address, FIRST-LAST, or FIRST+LENGTH.", valueName: "range"))
  var start: AddressOrRange

  @Argument(help: "Bytes, such as 4096, 4K, 2M; after a first address only.")
  var length: ByteSize?

  func validate() throws {
    switch start {
    case .range where length != nil:
      throw ValidationError("A length after a range says the same twice: give FIRST LENGTH or FIRST+LENGTH.")
    case .range(let range) where range.length == nil:
      throw ValidationError("That range is all 2^64 addresses, which no length can say.")
    case .range: break
    case .address(let first):
      guard let length else { throw ValidationError("Missing a length: give FIRST-LAST or FIRST+LENGTH.") }
      guard length.bytes == 0 || IOVARange(first: first, length: length.bytes) != nil else {
        throw ValidationError("\(first)+\(length) passes the last address.")
      }
    }
  }

  /// The first address, and bytes; 0 bytes is for the daemon to refuse.
  var value: (first: IOVA, length: UInt64) {
    switch start {
    case .address(let first): (first, length?.bytes ?? 0)
    case .range(let range): (range.first, range.length ?? 0)
    }
  }
}

extension AddressOrRange {
  /// Refuses addresses alone where only ranges make sense.
  static func checkEnds(_ ranges: [AddressOrRange]) throws {
    for range in ranges {
      if case .address = range { throw ValidationError("Ranges are FIRST-LAST or FIRST+LENGTH.") }
    }
  }

  /// The range as the wire has it; nil for an address alone.
  var members: AddressRange? {
    if case .range(let range) = self { AddressRange(range) } else { nil }
  }
}
