// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A number of bytes as people write it: `4096`, `0x1000`, `4K`, `2M`, `1GiB`. Units are binary.
package struct ByteSize: Hashable, Sendable {
  package var bytes: UInt64

  package init(_ bytes: UInt64) { self.bytes = bytes }

  private static let units: [(names: [Substring], shift: UInt64)] = [
    (["T", "TIB"], 40), (["G", "GIB"], 30), (["M", "MIB"], 20), (["K", "KIB"], 10), (["B"], 0),
  ]

  /// Nil for what is no number, has another unit, or passes 64 bits. `KB` and the like are refused, since some
  /// read them as powers of ten.
  package init?(_ text: Substring) {
    if let number = UInt64(addressText: text) {
      bytes = number
      return
    }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).uppercased()
    guard let number = UInt64(digits), let match = Self.units.first(where: { $0.names.contains(unit[...]) })
    else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: 1 << match.shift)
    guard !overflow else { return nil }
    bytes = product
  }
}

extension ByteSize: CustomStringConvertible {
  /// Exact: the largest unit that divides it, as `ByteSize` reads it back; plain bytes where none does.
  package var description: String {
    for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] as [(String, UInt64)] {
      let mask: UInt64 = (1 << shift) - 1
      if bytes > 0, bytes & mask == 0 { return "\(bytes >> shift)\(unit)" }
    }
    return String(bytes)
  }

  /// About as much, with one decimal, for sentences: `1.8 MiB`.
  package var rough: String {
    for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, UInt64)]
    where bytes >> shift > 0 {
      let whole = bytes >> shift
      let tenth = ((bytes >> (shift - 10)) & 1023) * 10 / 1024
      return tenth == 0 ? "\(whole) \(unit)" : "\(whole).\(tenth) \(unit)"
    }
    return bytes == 1 ? "1 byte" : "\(bytes) bytes"
  }
}

extension ByteSize: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument[...]) }
}
