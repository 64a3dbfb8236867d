// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Bytes between requests and the engine.
enum Transfer {
  /// - Throws: EINVAL for nothing, and for more than a message carries.
  static func check(_ length: UInt64, field: String) throws(Failure) -> Int {
    guard length > 0 else { throw Failure(.einval, "the length is 0", field: field) }
    guard length <= UInt64(WireLimit.dataBytes) else {
      throw Failure(
        .einval, "\(length) bytes are more than the \(WireLimit.dataBytes) of a message", field: field)
    }
    return Int(length)
  }

  /// `length` bytes as `body` fills them in.
  static func read(
    _ length: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Refusal) -> Void
  ) throws(Refusal) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    var refusal: Refusal?
    unsafe bytes.withUnsafeMutableBytes { buffer in
      do throws(Refusal) {
        try unsafe body(buffer)
      } catch {
        refusal = error
      }
    }
    if let refusal { throw refusal }
    return bytes
  }

  /// Shows `bytes` to `body`.
  static func write(
    _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(Refusal) -> Void
  ) throws(Refusal) {
    var refusal: Refusal?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(Refusal) {
        try unsafe body(buffer)
      } catch {
        refusal = error
      }
    }
    if let refusal { throw refusal }
  }
}
