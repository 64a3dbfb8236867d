// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import IommuBase
import IommuWire

/// Descriptors that can be told apart: each is of a pipe of its own, known by its inode.
enum Descriptors {
  /// An open descriptor and what identifies it wherever it is received.
  static func make() throws -> (descriptor: Int32, inode: UInt64) {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { throw Errno.current }
    close(ends[1])
    return (ends[0], inode(ends[0]))
  }

  static func inode(_ descriptor: Int32) -> UInt64 {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
  }

  static func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

  /// Open pipes of this process with these inodes: other tests open and close files of their own meanwhile.
  static func open(among inodes: Set<UInt64>) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
      Int32(name).map { inodes.contains(inode($0)) } ?? false
    }
  }
}

extension Framer {
  /// Takes `text` in as if it were received at once with `descriptors`.
  mutating func feed(_ text: String, _ descriptors: [Int32] = [], truncated: Bool = false) {
    feed(Array(text.utf8), descriptors, truncated: truncated)
  }

  mutating func feed(_ bytes: [UInt8], _ descriptors: [Int32] = [], truncated: Bool = false) {
    var batch = descriptors.isEmpty ? nil : DescriptorBatch(owning: descriptors)
    var rest = bytes[...]
    repeat {
      _ = unsafe fill { room in
        let part = rest.prefix(room.count)
        unsafe room.copyBytes(from: part)
        rest = rest.dropFirst(part.count)
        defer { batch = nil }
        return (part.count, batch, truncated)
      }
    } while !rest.isEmpty
  }

  /// Takes out what there is. Test lines end with the number of descriptors that they declare, or with `!` when
  /// they are to be taken for broken.
  mutating func drain() -> [String] {
    var seen: [String] = []
    while true {
      switch next() {
      case .none:
        return seen
      case .overlong:
        seen.append("overlong")
      case .fatal(let fatal):
        seen.append("\(fatal)")
        return seen
      case .line(let line):
        let text = unsafe String(decoding: text(line), as: UTF8.self)
        do throws(Framer.Fatal) {
          if text.hasSuffix("!") {
            try settleBroken(line)
            seen.append(text)
          } else {
            let batch = try settle(line, declared: text.last?.wholeNumberValue ?? 0)
            seen.append(batch.map { "\(text)+\($0.count)" } ?? text)
          }
        } catch {
          seen.append("\(text) \(error)")
          return seen
        }
      }
    }
  }
}
