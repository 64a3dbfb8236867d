// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// Names a file, whatever descriptor leads to it.
package struct FileIdentity: Hashable, Sendable {
  package let device: UInt64
  package let inode: UInt64

  package init(device: UInt64, inode: UInt64) {
    self.device = device
    self.inode = inode
  }
}

/// The promises of a memfd, which can be added and never taken back.
package struct Seals: OptionSet, Hashable, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package static let seal = Seals(rawValue: 1)
  package static let shrink = Seals(rawValue: 2)
  package static let grow = Seals(rawValue: 4)
  package static let write = Seals(rawValue: 8)
  package static let futureWrite = Seals(rawValue: 16)
}

/// What a descriptor that somebody passed turns out to be, asked without ever reading from it.
package struct MemfdFacts: Sendable {
  package let identity: FileIdentity
  /// Bytes.
  package var size: UInt64
  package let seals: Seals
  /// The right to write belongs to the descriptor, and a sealed file gives none.
  package let writable: Bool
  /// On hugetlbfs.
  package let hugetlb: Bool
  /// What a mapping's offset and length have to be multiples of, in bytes.
  package let alignment: UInt64

  /// Looks at a received descriptor. The first question is for its seals: it is harmless whatever the descriptor
  /// is, and only shmem and hugetlb files answer it. The descriptor stays the caller's, also when this throws: to
  /// close a hostile one may take seconds.
  /// - Throws: EINVAL for anything but a memfd, or another shmem or hugetlb file, that may be read.
  package init(of descriptor: borrowing OwnedDescriptor) throws(Errno) {
    let seals = iommu_get_seals(descriptor.rawValue)
    guard seals >= 0 else { throw .einval }
    let flags = fcntl(descriptor.rawValue, F_GETFL)
    guard flags >= 0, flags & O_ACCMODE != O_WRONLY else { throw .einval }
    var facts = iommu_file_facts()
    let status = unsafe iommu_file_facts(descriptor.rawValue, &facts)
    guard status == 0 else { throw Errno(-status) }
    guard facts.mode & UInt32(S_IFMT) == UInt32(S_IFREG) else { throw .einval }
    identity = FileIdentity(device: facts.device, inode: facts.inode)
    size = facts.size
    self.seals = Seals(rawValue: UInt32(seals))
    writable = flags & O_ACCMODE == O_RDWR && self.seals.isDisjoint(with: [.write, .futureWrite])
    hugetlb = facts.hugetlb != 0
    alignment = hugetlb ? max(facts.block_size, Page.size) : Page.size
  }
}
