// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// Describes descriptors for a trace, and tells which of them lead to the same file.
package struct TracedFiles {
  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  private var numbers: [Identity: UInt64] = [:]

  package init() {}

  /// What has to be known to make descriptors like those of `batch`, none of which was taken.
  package mutating func describe(_ batch: DescriptorBatch) -> [TracedFile] {
    (0..<batch.count).map { index in batch.number(index).map { describe($0) } ?? TracedFile() }
  }

  /// The question for seals comes first, as ever: it is harmless whatever the descriptor is, and what has none is not
  /// asked anything that its file system would answer.
  private mutating func describe(_ number: Int32) -> TracedFile {
    var traced = TracedFile()
    switch fcntl(number, F_GETFL) & O_ACCMODE {
    case O_RDONLY: traced.access = .read
    case O_WRONLY: traced.access = .write
    default: traced.access = .both
    }
    let seals = iommu_get_seals(number)
    var facts = iommu_file_facts()
    guard seals >= 0, unsafe iommu_file_facts(number, &facts) == 0 else { return traced }
    let identity = Identity(device: facts.device, inode: facts.inode)
    traced.kind = .memory
    traced.file = numbers[identity, default: UInt64(numbers.count + 1)]
    numbers[identity] = traced.file
    traced.size = facts.size
    traced.allocated = facts.allocated
    traced.seals = TracedFile.Seal.allCases.filter { UInt32(seals) & $0.bit != 0 }
    if facts.hugetlb != 0 { traced.hugePage = facts.block_size }
    return traced
  }
}
