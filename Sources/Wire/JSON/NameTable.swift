// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Finds a method by the bytes of its name, without making a string. O(1).
package struct NameTable: Sendable {
  private let names: [StaticString]
  /// Position of a name, or -1, at the slot that its hash names or the next free one.
  private let slots: [Int16]

  /// - Parameter names: all different, fewer than 8192.
  package init(_ names: [StaticString]) {
    precondition(names.count < 8192)
    var size = 16
    while size < names.count * 4 { size *= 2 }
    var slots = [Int16](repeating: -1, count: size)
    for (position, name) in names.enumerated() {
      var slot = unsafe Self.hash(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
      slot &= size - 1
      while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
      slots[slot] = Int16(position)
    }
    self.names = names
    self.slots = slots
  }

  /// Position in the list of the name that `request` calls, or nil.
  package func find(_ request: Request) -> Int? {
    unsafe request.withMethod { bytes in unsafe find(bytes) } ?? nil
  }

  /// Position in the list of `name`, or nil.
  package func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    var slot = unsafe Self.hash(name) & (slots.count - 1)
    while slots[slot] >= 0 {
      let candidate = names[Int(slots[slot])]
      if candidate.utf8CodeUnitCount == name.count,
        let base = name.baseAddress, unsafe memcmp(candidate.utf8Start, base, name.count) == 0
      {
        return Int(slots[slot])
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  @inline(__always)
  private static func hash(_ name: UnsafeBufferPointer<UInt8>) -> Int {
    // FNV-1a; names are few and ours, so nothing is gained by making them collide.
    var hash: UInt32 = 2_166_136_261
    for place in 0..<name.count { hash = (hash ^ UInt32(unsafe name[place])) &* 16_777_619 }
    return Int(hash ^ hash >> 15)
  }
}
