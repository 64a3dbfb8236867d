// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// The memory of a process as it opened it itself: /proc/self/mem.
///
/// The descriptor stands for one address space, whoever holds it, and for none any more after exec or exit. No right
/// over the process is needed to use it, nor is its number.
package final class ProcessFile: Sendable {
  let descriptor: OwnedDescriptor
  package let writable: Bool

  /// Looks at a received descriptor, which stays the caller's when this throws. It may be anything, also a file whose
  /// own file system never answers: for a thread that can be done without.
  /// - Throws: EINVAL for anything but the memory of a process, opened for reading; EMFILE.
  package init(received descriptor: Int32) throws(Errno) {
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, flags & O_ACCMODE != O_WRONLY, flags & Self.pathOnly == 0 else { throw .einval }
    let status = iommu_check_process_memory(descriptor)
    guard status == 0 else { throw Errno(-status) }
    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw Errno.current }
    self.descriptor = OwnedDescriptor(owning: copy)
    writable = flags & O_ACCMODE == O_RDWR
  }

  /// O_PATH, which Swift's Glibc lacks.
  private static let pathOnly: Int32 = 0o10000000
}
