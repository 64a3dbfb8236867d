// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Scans `bytes` and runs `body` on what was read; the failure when they are refused.
func scanning<R>(_ bytes: [UInt8], tolerant: Bool = false, _ body: (Reader) throws(Failure) -> R)
  throws(Failure) -> R
{
  var scanner = Scanner()
  // A buffer of exactly the text's size: the address sanitizer sees a byte read beyond it.
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  defer { unsafe buffer.deallocate() }
  unsafe buffer.copyBytes(from: bytes)
  return try body(try unsafe scanner.scan(UnsafeRawBufferPointer(buffer), tolerant: tolerant))
}

/// Reads the whole of `text` as one value.
func decode<T: Value>(_ text: String, as type: T.Type = T.self, tolerant: Bool = false) throws(Failure) -> T {
  try scanning(Array(text.utf8), tolerant: tolerant) { (reader) throws(Failure) in try T.read(reader, at: 0) }
}

/// What `value` is on the wire.
func encode<T: Value>(_ value: T) -> String {
  var writer = Writer()
  value.write(to: &writer)
  return writer.text
}

/// Whether `bytes` are JSON that is taken here.
func isAccepted(_ bytes: [UInt8]) -> Bool {
  do throws(Failure) {
    try scanning(bytes) { (_) throws(Failure) in }
    return true
  } catch {
    return false
  }
}
