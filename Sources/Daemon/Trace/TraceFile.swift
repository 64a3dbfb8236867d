// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// A new file for a trace, which nobody else may read, and which always ends with a whole line.
package final class TraceFile {
  /// Where it is, which need not be where it was wanted.
  package let path: String
  private let descriptor: OwnedDescriptor
  /// Bytes of the lines in it.
  private var length: UInt64 = 0

  /// Names that are tried.
  private static let most = 1000

  /// Makes the file `wanted`, or where that exists, the first of `wanted.1`, `wanted.2`, ... that does not: a trace is
  /// never overwritten, nor is a link followed, and a daemon that is restarted begins another one.
  package init(_ wanted: String) throws(StartFailure) {
    var path = wanted
    for number in 1...Self.most {
      let made = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      if made >= 0 {
        self.path = path
        descriptor = OwnedDescriptor(owning: made)
        return
      }
      let errno = Errno.current
      guard errno == .eexist else { throw StartFailure("cannot make the trace \(path): \(errno)") }
      path = "\(wanted).\(number)"
    }
    throw StartFailure("there are \(Self.most) traces called \(wanted) already")
  }

  /// Takes over an open file.
  package init(owning descriptor: consuming OwnedDescriptor, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  /// Adds whole lines.
  /// - Throws: when not all of them fit; those that do stay.
  func append(_ lines: UnsafeRawBufferPointer) throws(Errno) {
    var done = 0
    while done < lines.count {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: lines[done...])
      let count = unsafe write(descriptor.rawValue, rest.baseAddress, rest.count)
      if count > 0 {
        done += count
      } else if errno != EINTR {
        let failure = count == 0 ? Errno.eio : Errno.current
        let whole = unsafe lines[..<done].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        _ = ftruncate(descriptor.rawValue, off_t(length) + whole)
        throw failure
      }
    }
    length += UInt64(done)
  }
}
