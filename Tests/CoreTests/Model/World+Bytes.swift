// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuCore

/// Copies by the CPU: their bytes, and that they leave everything else as it was.
extension World {
  /// No two stretches that are near each other look alike.
  private static let pattern = (0..<65536).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

  func copyBytes(
    _ space: Space, _ area: Int, _ skip: UInt64, _ length: UInt64, _ write: Bool, _ byFrames: Bool
  ) throws {
    guard !space.areas.isEmpty else { return }
    let start = space.areas[area % space.areas.count]
    let first = start.iova + min(skip, start.length - 1)
    // What a walk over the areas reaches.
    var places: [(origin: Int, byte: Int, count: Int)] = []
    var expected: [Errno] = []
    var next = first
    while next < first + length {
      guard let hit = space.areas.first(where: { $0.iova <= next && next <= $0.last }) else {
        expected = [.enoent]
        break
      }
      if !hit.protection.contains(write ? .write : .read), !expected.contains(.eperm) {
        expected.append(.eperm)
      }
      let byte = Int(hit.pages.first * 4096 + hit.byteOffset + (next - hit.iova))
      let count = Int(min(hit.last - next + 1, first + length - next))
      places.append((hit.pages.origin, byte, count))
      next += UInt64(count)
    }
    let path: CopyPath = byFrames ? .frames : .origin
    let before = origins.map(\.bytes)
    let buffer = Bytes(Array(Self.pattern[Int(skip)..<Int(skip + length)]))
    let done: Void? = try attempt(expected) { () throws(Refusal) in
      if write {
        try unsafe space.engine.write(IOVA(first), from: buffer.readOnly, by: path, waiting)
      } else {
        try unsafe space.engine.read(IOVA(first), into: buffer.raw, by: path, waiting)
      }
    }
    guard done != nil else { return }
    let after = buffer.array
    var model = before
    var position = 0
    for place in places {
      let bytes = position..<position + place.count
      let inOrigin = place.byte..<place.byte + place.count
      if write {
        model[place.origin].replaceSubrange(inOrigin, with: after[bytes])
      } else if !Self.same(Array(after[bytes]), Array(before[place.origin][inOrigin])) {
        throw Complaint(text: "a read of \(IOVA(first)) is wrong")
      }
      position += place.count
    }
    if !zip(origins, model).allSatisfy({ Self.same($0.bytes, $1) }) {
      throw Complaint(text: "a copy went astray")
    }
  }

  /// Arrays are compared element by element in a debug build, which these are too long for.
  private static func same(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe memcmp(a, b, a.count) == 0
  }
}
