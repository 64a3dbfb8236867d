// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file descriptor with one owner, closed when the owner lets go.
public struct OwnedDescriptor: ~Copyable, Sendable {
  /// The number, for calls that borrow it.
  public let rawValue: Int32

  /// Takes over `rawValue`, which must be open and owned by nobody else.
  public init(owning rawValue: Int32) {
    precondition(rawValue >= 0)
    self.rawValue = rawValue
  }

  deinit { close(rawValue) }

  /// Gives the descriptor to the caller, who then has to close it.
  public consuming func release() -> Int32 {
    let value = rawValue
    discard self
    return value
  }

  /// Another descriptor, close-on-exec, of the same open file description.
  public func duplicate() throws(Errno) -> OwnedDescriptor {
    let copy = fcntl(rawValue, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw Errno.current }
    return OwnedDescriptor(owning: copy)
  }
}
