// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

/// Makes files like those that a trace describes, and remembers which is which.
///
/// They hold zeroes: a trace says nothing of contents.
package struct ReplayedFiles {
  private final class File {
    /// May be written, where that is possible at all.
    let descriptor: OwnedDescriptor
    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
  }

  private var files: [UInt64: File] = [:]
  private let available: () -> UInt64

  /// - Parameter available: bytes of memory that may be used. The kernel allocates as long as there is any, and then
  ///   ends other processes.
  package init(available: @escaping () -> UInt64 = availableMemory) { self.available = available }

  /// Descriptors like `traced`, in their order.
  package mutating func make(_ traced: [TracedFile]) throws(Problem) -> DescriptorBatch {
    let batch = DescriptorBatch(owning: [])
    for traced in traced { batch.append(try make(traced)) }
    return batch
  }

  /// Remembers files that came from the daemon, which has described them as `traced`.
  package mutating func keep(_ batch: DescriptorBatch, _ traced: [TracedFile]) throws(Problem) {
    for (index, traced) in traced.enumerated() {
      guard let number = traced.file, files[number] == nil, let received = batch.number(index) else {
        continue
      }
      var own = iommu_reopen(received, 1)
      if own < 0 { own = iommu_reopen(received, 0) }
      guard own >= 0 else { throw Self.problem("keep", -own) }
      files[number] = File(OwnedDescriptor(owning: own))
    }
  }

  private mutating func make(_ traced: TracedFile) throws(Problem) -> OwnedDescriptor {
    guard traced.kind == .memory, let number = traced.file else {
      return try Self.open("/dev/null", traced.access)
    }
    let found: File
    if let known = files[number], try shape(known.descriptor.rawValue, traced) {
      found = known
    } else {
      found = try create(traced)
      files[number] = found
    }
    // Each has an open description of its own, as if its client had opened it.
    return try Self.open("/proc/self/fd/\(found.descriptor.rawValue)", traced.access)
  }

  private func create(_ traced: TracedFile) throws(Problem) -> File {
    let huge =
      switch traced.hugePage {
      case nil: IOMMU_HUGE_NONE
      case 2 << 20: IOMMU_HUGE_2M
      default: IOMMU_HUGE_1G
      }
    let number = unsafe iommu_memfd_create("replay", UInt32(huge))
    guard number >= 0 else { throw Self.problem("make", -number) }
    let file = File(OwnedDescriptor(owning: number))
    guard try shape(number, traced) else { throw Self.problem("shape", EINVAL) }
    return file
  }

  /// Gives a file the size, memory and seals of `traced`; answers whether they are possible.
  private func shape(_ number: Int32, _ traced: TracedFile) throws(Problem) -> Bool {
    var facts = iommu_file_facts()
    let seals = iommu_get_seals(number)
    let wanted = Self.bits(traced.seals ?? [])
    // The kernel has others, of which a trace says nothing.
    let unwanted = Self.bits(TracedFile.Seal.allCases) & ~wanted
    guard seals >= 0, UInt32(seals) & unwanted == 0, unsafe iommu_file_facts(number, &facts) == 0 else {
      return false
    }
    let size = traced.size ?? 0
    if facts.size != size, ftruncate(number, off_t(clamping: size)) != 0 { return false }
    // Where the holes are nobody knows; they are put at the end.
    if let allocated = traced.allocated, allocated > facts.allocated {
      let isThere = traced.hugePage != nil || allocated - facts.allocated <= available()
      let status = isThere ? iommu_allocate(number, 0, allocated) : -ENOMEM
      guard status >= 0 else { throw Self.problem("find \(allocated) bytes for", -status) }
    }
    let missing = wanted & ~UInt32(seals)
    return missing == 0 || iommu_add_seals(number, missing) >= 0
  }

  private static func bits(_ seals: [TracedFile.Seal]) -> UInt32 { seals.reduce(0) { $0 | $1.bit } }

  private static func open(_ path: String, _ access: TracedFile.Access) throws(Problem) -> OwnedDescriptor {
    let flags =
      switch access {
      case .read: O_RDONLY
      case .write: O_WRONLY
      case .both: O_RDWR
      }
    let number = unsafe Glibc.open(path, flags | O_CLOEXEC)
    guard number >= 0 else { throw problem("open", errno) }
    return OwnedDescriptor(owning: number)
  }

  private static func problem(_ verb: String, _ number: Int32) -> Problem {
    .failed("cannot \(verb) a file like the one that was passed: \(errorText(number))")
  }
}

/// Bytes that the kernel could give out now without ending a process; 0 when it does not say.
package func availableMemory() -> UInt64 {
  let number = unsafe open("/proc/meminfo", O_RDONLY | O_CLOEXEC)
  guard number >= 0 else { return 0 }
  let file = OwnedDescriptor(owning: number)
  guard let bytes = try? readFully(file.rawValue, 1 << 14, name: "/proc/meminfo") else { return 0 }
  let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  let words = lines.first { $0.hasPrefix("MemAvailable:") }?.split(separator: " ") ?? []
  return (words.count > 1 ? UInt64(words[1]) ?? 0 : 0) << 10
}
