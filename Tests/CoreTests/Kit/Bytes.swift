// SPDX-License-Identifier: Apache-2.0

/// A buffer at a fixed address. (A closure that throws a typed error into `withUnsafeBytes` of an array crashes
/// the 6.3 compiler.)
@safe
final class Bytes {
  let raw: UnsafeMutableRawBufferPointer

  init(_ bytes: [UInt8]) {
    unsafe raw = .allocate(byteCount: bytes.count, alignment: 16)
    unsafe raw.copyBytes(from: bytes)
  }

  deinit { unsafe raw.deallocate() }

  var array: [UInt8] { unsafe Array(raw) }
  var readOnly: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(raw) }
}
