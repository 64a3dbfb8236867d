// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore

extension MemfdOrigin {
  private static var stepBytes: UInt64 { 64 << 10 }

  /// Lets `count` bytes from `offset` on, which lie inside the file, be 0. Holes read as 0 and stay holes.
  ///
  /// O(bytes that are there, and stretches of them).
  /// - Throws: what writing refuses.
  package func zero(at offset: UInt64, count: UInt64) throws(Refusal) {
    guard writable else { throw .readOnly }
    let end = offset + count
    let zeroes = [UInt8](repeating: 0, count: Int(min(Self.stepBytes, count)))
    var position = offset
    while let start = try data(from: position), start < end {
      let stop = min(try hole(from: start), end)
      position = start
      while position < stop {
        let bytes = Int(min(stop - position, UInt64(zeroes.count)))
        try put(zeroes, bytes, at: position)
        position += UInt64(bytes)
      }
    }
  }

  private func put(_ zeroes: [UInt8], _ count: Int, at offset: UInt64) throws(Refusal) {
    var refusal: Refusal?
    unsafe zeroes.withUnsafeBytes { bytes in
      do throws(Refusal) {
        try unsafe write(at: offset, from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      } catch {
        refusal = error
      }
    }
    if let refusal { throw refusal }
  }

  /// The first byte that is there, from `offset` on; nil for none. All of them are where nobody can tell.
  private func data(from offset: UInt64) throws(Refusal) -> UInt64? {
    guard offset < size else { return nil }
    guard let reader = file.readerNumber else { return offset }
    let found = iommu_seek_data(reader, offset)
    if found >= 0 { return UInt64(found) }
    if found == -Int64(ENXIO) { return nil }
    throw .origin(Errno(Int32(-found)), index: PageIndex(offset / Page.size))
  }

  private func hole(from offset: UInt64) throws(Refusal) -> UInt64 {
    guard let reader = file.readerNumber else { return size }
    let found = iommu_seek_hole(reader, offset)
    guard found >= 0 else { throw .origin(Errno(Int32(-found)), index: PageIndex(offset / Page.size)) }
    return UInt64(found)
  }
}
