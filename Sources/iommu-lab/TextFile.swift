// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

enum TextFile {
  /// The text of a file, or of standard input when its name is `-`.
  static func read(_ path: String) throws(LabError) -> String {
    let descriptor = path == "-" ? dup(0) : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw LabError("\(path): \(Errno.current)") }
    let owned = OwnedDescriptor(owning: descriptor)
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe Glibc.read(owned.rawValue, &block, block.count)
      guard count >= 0 else { throw LabError("\(path): \(Errno.current)") }
      if count == 0 { break }
      bytes += block[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Prints a line on standard error.
  static func complain(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = unsafe Glibc.write(2, bytes, bytes.count)
  }
}
