// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import IommuClient

/// A byte of memory that the context holds, as people write it: `memory:4`, `memory:4+64K`.
package struct MemoryPlace: Equatable, Sendable {
  package var memory: UInt32
  package var offset: UInt64

  package init(memory: UInt32, offset: UInt64) {
    self.memory = memory
    self.offset = offset
  }

  package init?(_ text: String) {
    guard text.hasPrefix("memory:") else { return nil }
    let parts = text.dropFirst("memory:".count).split(
      separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    guard let memory = UInt64(addressText: parts[0]).flatMap({ UInt32(exactly: $0) }) else { return nil }
    guard parts.count == 2 else {
      self.init(memory: memory, offset: 0)
      return
    }
    guard let offset = ByteSize(parts[1]) else { return nil }
    self.init(memory: memory, offset: offset.bytes)
  }
}

extension MemoryPlace: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

/// A byte of a process's memory, as people write it: `1234@0x7f0000000000`; `self` is the command itself.
package struct ProcessPlace: Equatable, Sendable {
  package var pid: String
  package var address: IOVA

  package init?(_ text: String) {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let address = UInt64(addressText: parts[1]) else { return nil }
    guard parts[0] == "self" || parts[0].allSatisfy({ $0.isASCII && $0.isNumber }) && !parts[0].isEmpty else {
      return nil
    }
    pid = String(parts[0])
    self.address = IOVA(address)
  }

  /// The memory of the process, for writing as well where that is wanted and allowed.
  func open(forWriting: Bool) throws(Problem) -> OwnedDescriptor {
    let path = "/proc/\(pid)/mem"
    var number: Int32 = -1
    if forWriting { number = unsafe Glibc.open(path, O_RDWR | O_CLOEXEC) }
    if number < 0 { number = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC) }
    guard number >= 0 else { throw .failed("cannot open '\(path)': \(errorText(errno))") }
    return OwnedDescriptor(owning: number)
  }
}

extension ProcessPlace: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension Source.HugePages: ExpressibleByArgument {}
