// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// An open memfd: a client's, or one made here.
package struct MemfdFile: ~Copyable, Sendable {
  package let facts: MemfdFacts
  /// Made here: sealed, ours to fill, and with a read-only descriptor that holds.
  package let isOwn: Bool
  /// Backed by huge pages where the kernel has them at hand.
  package let advisesHuge: Bool
  /// As it was passed, or read-write for one made here.
  let descriptor: OwnedDescriptor
  /// A description of our own, for reading: seeking in it disturbs nobody. Nil where the file's mode forbids it.
  private let reader: OwnedDescriptor?
  /// Its number, for calls that borrow it.
  let readerNumber: Int32?

  /// Bytes.
  package var size: UInt64 { facts.size }
  /// Of the descriptor, which stays the file's.
  package var number: Int32 { descriptor.rawValue }

  /// How new memory is backed.
  package enum HugePages: String, Sendable {
    case none, transparent
    case mebibytes2 = "2M"
    case gibibyte1 = "1G"

    /// Whether the administrator has set them aside.
    package var isReserved: Bool { backing != IOMMU_HUGE_NONE }

    fileprivate var backing: Int {
      switch self {
      case .none, .transparent: IOMMU_HUGE_NONE
      case .mebibytes2: IOMMU_HUGE_2M
      case .gibibyte1: IOMMU_HUGE_1G
      }
    }
  }

  /// Takes a client's descriptor, of which `facts` are known. Reads nothing.
  package init(received descriptor: consuming OwnedDescriptor, _ facts: MemfdFacts) {
    let own = iommu_reopen(descriptor.rawValue, 0)
    reader = own >= 0 ? OwnedDescriptor(owning: own) : nil
    readerNumber = own >= 0 ? own : nil
    self.descriptor = descriptor
    self.facts = facts
    isOwn = false
    advisesHuge = false
  }

  /// Takes a descriptor that was kept while there was no daemon.
  ///
  /// - Parameters:
  ///   - isOwn: it was made by an earlier daemon.
  ///   - advisesHuge: as it was then.
  package init(
    kept descriptor: consuming OwnedDescriptor, _ facts: MemfdFacts, isOwn: Bool, advisesHuge: Bool
  ) {
    let own = iommu_reopen(descriptor.rawValue, 0)
    reader = own >= 0 ? OwnedDescriptor(owning: own) : nil
    readerNumber = own >= 0 ? own : nil
    self.descriptor = descriptor
    self.facts = facts
    self.isOwn = isOwn
    self.advisesHuge = advisesHuge
  }

  /// Makes a memfd of `size` bytes, which neither shrinks nor grows and which nobody else may open.
  /// - Throws: EINVAL for a size of 0, of 2^63 or more, or not a multiple of the huge page; ENOMEM, EMFILE.
  package init(new size: UInt64, huge: HugePages = .none) throws(Errno) {
    guard size > 0, let length = Int(exactly: size) else { throw .einval }
    let made = unsafe iommu_memfd_create("iommud", UInt32(huge.backing))
    guard made >= 0 else { throw Errno(-made) }
    let descriptor = OwnedDescriptor(owning: made)
    guard fchmod(made, 0o600) == 0, ftruncate(made, length) == 0 else { throw Errno.current }
    let seals: Seals = [.shrink, .grow, .seal]
    let sealed = iommu_add_seals(made, seals.rawValue)
    guard sealed == 0 else { throw Errno(-sealed) }
    let reader = iommu_reopen(made, 0)
    guard reader >= 0 else { throw Errno(-reader) }
    facts = try MemfdFacts(of: descriptor)
    self.descriptor = descriptor
    self.reader = OwnedDescriptor(owning: reader)
    readerNumber = reader
    isOwn = true
    advisesHuge = huge == .transparent
  }

  /// Maps `length` bytes from `offset` on, both multiples of the alignment, shared and as writable as the
  /// descriptor is. Nothing is touched.
  /// - Throws: ENOMEM when the address space, or the number of mappings, is used up; EPERM when the file was
  ///   sealed meanwhile.
  func map(offset: UInt64, length: UInt64) throws(Errno) -> OwnedMapping {
    guard let bytes = Int(exactly: length), let start = Int(exactly: offset) else { throw .enomem }
    let protection = PROT_READ | (facts.writable ? PROT_WRITE : 0)
    // Huge pages of a client's file are not reserved at our cost.
    let flags = MAP_SHARED | (isOwn ? 0 : MAP_NORESERVE)
    var base = unsafe mmap(nil, bytes, protection, flags, descriptor.rawValue, start)
    if unsafe base == MAP_FAILED, errno == EPERM, !facts.writable, let readerNumber {
      // Before Linux 6.7 a write-sealed file is only mapped through a description that cannot write.
      unsafe base = mmap(nil, bytes, protection, flags, readerNumber, start)
    }
    guard unsafe base != MAP_FAILED, let base = unsafe base else { throw Errno.current }
    return unsafe OwnedMapping(owning: base, length: bytes)
  }

  /// Bytes, now: an unsealed file may have become shorter.
  func currentSize() throws(Errno) -> UInt64 { try current().size }

  func current() throws(Errno) -> iommu_file_facts {
    var now = iommu_file_facts()
    let status = unsafe iommu_file_facts(descriptor.rawValue, &now)
    guard status == 0 else { throw Errno(-status) }
    return now
  }
}

extension MemfdFile {
  /// Whether the descriptor that ``open(write:)`` answers for `write` may be written.
  package func opensWritable(write: Bool) -> Bool { facts.writable && (write || !isOwn) }

  /// A descriptor to pass on. Without `write` it is a read-only one only where that holds: for memory made here and
  /// for sealed files. The supplier of any other file gets his own description back, with the right that it has.
  /// - Throws: EPERM for `write` where there is no such right; EMFILE.
  package func open(write: Bool) throws(Errno) -> OwnedDescriptor {
    guard !write || facts.writable else { throw .eperm }
    // After a restart there may be no description that cannot write: then nobody gets one for reading.
    if isOwn, !write, readerNumber == nil { throw .eperm }
    let number = isOwn && !write ? readerNumber ?? descriptor.rawValue : descriptor.rawValue
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw Errno.current }
    return OwnedDescriptor(owning: copy)
  }
}
