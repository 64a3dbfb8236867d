// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A time as 500ms or 5s; a bare number is milliseconds.
package struct Milliseconds: Equatable, Sendable {
  package var count: UInt32

  /// nil for what is no time, or one of more than 2^32 ms.
  package init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = UInt32(digits) else { return nil }
    switch text[digits.endIndex...] {
    case "", "ms": count = number
    case "s":
      let (product, overflow) = number.multipliedReportingOverflow(by: 1000)
      if overflow { return nil }
      count = product
    default: return nil
    }
  }
}

extension Milliseconds: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
