// SPDX-License-Identifier: Apache-2.0

/// Resolves the escapes of bytes `start`..<`end`, which a scan has found to be the inside of a valid string.
/// O(length).
func unescaped(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> [UInt8] {
  var result: [UInt8] = []
  result.reserveCapacity(end - start)
  var at = start
  while at < end {
    let byte = unsafe base[at]
    guard byte == UInt8(ascii: "\\"), at + 1 < end else {
      result.append(byte)
      at += 1
      continue
    }
    let kind = unsafe base[at + 1]
    if kind == UInt8(ascii: "u"), at + 6 <= end, let unit = unsafe hexUnit(base, at) {
      at += 6
      var scalar = unit
      if (0xD800...0xDBFF).contains(unit), at + 6 <= end, let low = unsafe hexUnit(base, at) {
        at += 6
        scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
      }
      append(scalar, to: &result)
      continue
    }
    result.append(simpleEscape(kind))
    at += 2
  }
  return result
}

private func simpleEscape(_ kind: UInt8) -> UInt8 {
  switch kind {
  case UInt8(ascii: "b"): 0x08
  case UInt8(ascii: "f"): 0x0C
  case UInt8(ascii: "n"): 0x0A
  case UInt8(ascii: "r"): 0x0D
  case UInt8(ascii: "t"): 0x09
  default: kind
  }
}

private func append(_ scalar: UInt32, to bytes: inout [UInt8]) {
  func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift & 0x3F)) }
  switch scalar {
  case ..<0x80:
    bytes.append(UInt8(truncatingIfNeeded: scalar))
  case ..<0x800:
    bytes.append(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
    bytes.append(tail(0))
  case ..<0x10000:
    bytes.append(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
    bytes.append(tail(6))
    bytes.append(tail(0))
  default:
    bytes.append(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
    bytes.append(tail(12))
    bytes.append(tail(6))
    bytes.append(tail(0))
  }
}
