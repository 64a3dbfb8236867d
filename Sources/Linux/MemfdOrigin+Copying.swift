// SPDX-License-Identifier: Apache-2.0

import CLinux
import IommuBase
import IommuCore

extension MemfdOrigin {
  /// Up to here one read call costs less than to look for holes first.
  private static var quickBytes: Int { 64 << 10 }

  /// Holes read as zeroes and stay holes. EFAULT where an unsealed file has become shorter.
  package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    guard let base = buffer.baseAddress, buffer.count > 0 else { return }
    let length = UInt64(buffer.count)
    let pages = Self.pages(offset, length)
    try refusing(at: pages.first) { () throws(Errno) in
      if buffer.count > Self.quickBytes,
        try holes.firstHole(in: pages, of: file, allowingAllocated: false) == nil
      {
        return try unsafe eachWindow(offset, length) { (client, done) in
          unsafe iommu_copy_from_client(base + done, client.baseAddress, UInt64(client.count))
        }
      }
      let got = unsafe iommu_pread_all(file.descriptor.rawValue, base, length, offset)
      guard got >= 0 else { throw Errno(Int32(-got)) }
      guard got == Int64(length) else { throw .efault }
    }
  }

  /// EFAULT for a client's hole, which it has to populate first, and where an unsealed file has become shorter.
  package func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    guard writable else { throw .readOnly }
    guard let base = buffer.baseAddress, buffer.count > 0 else { return }
    let length = UInt64(buffer.count)
    try refuseHoles(in: Self.pages(offset, length), allowingAllocated: false)
    try refusing(at: PageIndex(offset / Page.size)) { () throws(Errno) in
      try unsafe eachWindow(offset, length) { (client, done) in
        unsafe iommu_copy_to_client(client.baseAddress, base + done, UInt64(client.count))
      }
    }
  }

  /// Calls `copy` with each stretch of mapped memory and the bytes before it; the first -errno ends it.
  private func eachWindow(
    _ offset: UInt64, _ length: UInt64, _ copy: (UnsafeMutableRawBufferPointer, Int) -> Int32
  ) throws(Errno) {
    var done: UInt64 = 0
    while done < length {
      let client = try unsafe windows.bytes(of: file, at: offset + done, length: length - done)
      let status = unsafe copy(client, Int(done))
      guard status == 0 else { throw Errno(-status) }
      done += UInt64(client.count)
    }
  }

  private static func pages(_ offset: UInt64, _ length: UInt64) -> IndexRange {
    IndexRange(offset / Page.size, through: (offset + length - 1) / Page.size)
  }
}
