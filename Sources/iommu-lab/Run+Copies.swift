// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Copies by the CPU. Where the origin's bytes are fixed, they are compared.
extension Run {
  private static let largestCopy: UInt64 = 1 << 30

  func read(_ space: LabSpace, _ iova: IOVA, _ bytes: UInt64) throws {
    var buffer = try Self.buffer(bytes)
    try engine {
      try unsafe buffer.withUnsafeMutableBytes { try unsafe space.space.read(iova, into: $0) }
    }
    let expected = expectedBytes(space, iova, buffer.count)
    for (position, byte) in buffer.enumerated() {
      guard let known = expected[position], known != byte else { continue }
      throw LabError("byte \(position) of the read is \(byte), not \(known)")
    }
  }

  /// Writes what is expected to stand there, which a synthetic origin insists on.
  func write(_ space: LabSpace, _ iova: IOVA, _ bytes: UInt64) throws {
    let count = try Self.buffer(bytes).count
    let buffer = expectedBytes(space, iova, count).map { $0 ?? 0xa5 }
    try engine {
      try unsafe buffer.withUnsafeBytes { try unsafe space.space.write(iova, from: $0) }
    }
  }

  private static func buffer(_ bytes: UInt64) throws(LabError) -> [UInt8] {
    guard bytes <= largestCopy else { throw LabError("more than 1 GiB in one copy") }
    return [UInt8](repeating: 0, count: Int(bytes))
  }

  /// What the script implies to stand at each byte from `iova` on; nil where it implies nothing.
  private func expectedBytes(_ space: LabSpace, _ iova: IOVA, _ count: Int) -> [UInt8?] {
    var bytes = [UInt8?](repeating: nil, count: count)
    for area in space.areas.values {
      guard let wanted = IOVARange(first: iova, length: UInt64(count)),
        let part = area.range.intersection(wanted)
      else { continue }
      for address in part.first.rawValue...part.last.rawValue {
        bytes[Int(address - iova.rawValue)] = area.origin.inner.byte(
          at: area.offset + (address - area.range.first.rawValue))
      }
    }
    return bytes
  }
}
