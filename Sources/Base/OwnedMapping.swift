// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A range of this process's address space with one owner, unmapped when the owner lets go.
@safe
public struct OwnedMapping: ~Copyable, @unchecked Sendable {
  /// First byte; what lies there belongs to whoever made the mapped file.
  public let base: UnsafeMutableRawPointer
  /// Bytes, as they were given to mmap.
  public let length: Int

  /// Takes over `length` bytes at `base` as mmap answered them.
  public init(owning base: UnsafeMutableRawPointer, length: Int) {
    unsafe self.base = base
    self.length = length
  }

  deinit { _ = unsafe munmap(base, length) }
}
