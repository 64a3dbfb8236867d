// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon

/// Files that logs are in, or that pretend to be.
enum LogFile {
  /// All bytes of a log.
  static func bytes(_ log: StateLog) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: log.capacity)
    let count = unsafe pread(log.descriptor, &bytes, bytes.count, 0)
    guard count == bytes.count else { throw Errno.current }
    return bytes
  }

  static func bytes(ofFile path: String) throws -> [UInt8] {
    let file = try open(path, O_RDONLY)
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe read(file.rawValue, &bytes, bytes.count)
    guard count >= 0 else { throw Errno.current }
    return Array(bytes.prefix(count))
  }

  static func write(_ bytes: [UInt8], toFile path: String) throws {
    let file = try open(path, O_WRONLY | O_CREAT | O_EXCL)
    guard unsafe Glibc.write(file.rawValue, bytes, bytes.count) == bytes.count else { throw Errno.current }
  }

  private static func open(_ path: String, _ flags: Int32) throws -> OwnedDescriptor {
    let file = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Errno.current }
    return OwnedDescriptor(owning: file)
  }

  /// A log of these bytes, as it would come from a service manager.
  static func open(_ bytes: [UInt8], sealed: Bool = true) throws -> StateLog {
    let made = unsafe iommu_memfd_create("log", UInt32(IOMMU_HUGE_NONE))
    guard made >= 0 else { throw Errno(-made) }
    let file = OwnedDescriptor(owning: made)
    guard ftruncate(made, bytes.count) == 0, unsafe pwrite(made, bytes, bytes.count, 0) == bytes.count
    else { throw Errno.current }
    if sealed {
      let result = iommu_add_seals(made, 7)
      guard result == 0 else { throw Errno(-result) }
    }
    return try StateLog(opening: file)
  }

  /// The checksum that a record beginning at `start` needs, or a header at 0.
  static func checksum(_ bytes: ArraySlice<UInt8>, before: UInt32) -> UInt32 {
    unsafe Array(bytes).withUnsafeBytes { buffer in
      unsafe iommu_crc32c(before, buffer.baseAddress, UInt64(buffer.count))
    }
  }

  /// Puts a number there, its low byte first.
  static func put<T: FixedWidthInteger>(_ value: T, at: Int, in bytes: inout [UInt8]) {
    for byte in 0..<T.bitWidth / 8 { bytes[at + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
  }

  static func sealHeader(_ bytes: inout [UInt8]) {
    put(checksum(bytes[..<104], before: 0), at: 104, in: &bytes)
  }

  /// A record with a right checksum behind a right header.
  static func log(of payload: [UInt8]) throws -> [UInt8] {
    let empty = try StateLog.make(owner: 1, name: "x", number: 1, generation: 1, capacity: 4096)
    var bytes = try self.bytes(empty)
    let start = LogHeader.bytes
    bytes.replaceSubrange(start + 8..<start + 8 + payload.count, with: payload)
    let sum = checksum(payload[...], before: UInt32(start))
    put(UInt64(sum) << 32 | UInt64(payload.count), at: start, in: &bytes)
    return bytes
  }
}
