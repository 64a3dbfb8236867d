// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import Testing

/// A mapping of `pages` pages of a file that then has `left` of them.
private struct Truncated: ~Copyable {
  let mapping: OwnedMapping

  init(pages: Int, left: Int) throws {
    let memory = try ClientMemory(pages: pages)
    let base = unsafe try #require(
      mmap(nil, pages * pageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.number, 0))
    try #require(unsafe base != MAP_FAILED)
    try #require(ftruncate(memory.number, left * pageBytes) == 0)
    mapping = unsafe OwnedMapping(owning: base, length: pages * pageBytes)
  }

  func read(_ offset: Int, _ count: Int) -> (status: Int32, bytes: [UInt8]) {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    let status = unsafe bytes.withUnsafeMutableBytes {
      unsafe iommu_copy_from_client($0.baseAddress, mapping.base + offset, UInt64(count))
    }
    return (status, bytes)
  }

  func write(_ offset: Int, _ bytes: [UInt8]) -> Int32 {
    unsafe bytes.withUnsafeBytes {
      unsafe iommu_copy_to_client(mapping.base + offset, $0.baseAddress, UInt64($0.count))
    }
  }
}

@Suite struct GuardedCopyTests {
  @Test func aCopyThatFaultsAnswersAndTheNextOneWorks() throws {
    let memory = try Truncated(pages: 4, left: 2)
    #expect(memory.read(2 * pageBytes, 1).status == -EFAULT)
    #expect(memory.read(pageBytes, 2 * pageBytes).status == -EFAULT)
    #expect(memory.write(3 * pageBytes, [1]) == -EFAULT)
    let read = memory.read(pageBytes, pageBytes)
    #expect(read.status == 0)
    #expect(read.bytes.allSatisfy { $0 == 1 })
    #expect(memory.write(0, [7, 8]) == 0)
    #expect(memory.read(0, 3).bytes == [7, 8, 0])
    #expect(memory.read(2 * pageBytes, 0).status == 0)
  }

  @Test func threadsFaultAndCopyAtOnce() throws {
    let memory = try Truncated(pages: 2, left: 1)
    let base = unsafe UInt(bitPattern: memory.mapping.base)
    let right = try onThreads(8) { number in
      let faults = number % 2 == 0
      let from = unsafe UnsafeRawPointer(bitPattern: base + (faults ? UInt(pageBytes) : 0))
      var byte: UInt8 = 0
      return (0..<2000).allSatisfy { _ in
        unsafe iommu_copy_from_client(&byte, from, 1) == (faults ? -EFAULT : 0)
      }
    }
    #expect(right == 8)
  }

  @Test func aFaultOutsideTheGuardEndsTheProcess() async {
    await #expect(processExitsWith: .failure) {
      let memory = try Truncated(pages: 2, left: 1)
      _ = memory.read(pageBytes, 1)  // The handler is there now.
      _ = unsafe (memory.mapping.base + pageBytes).load(as: UInt8.self)
      exit(0)
    }
  }

  @Test func aFaultOutsideTheGuardGoesToTheHandlerBefore() async {
    await #expect(processExitsWith: .exitCode(42)) {
      signal(SIGBUS) { _ in _exit(42) }
      let memory = try Truncated(pages: 2, left: 1)
      guard memory.read(pageBytes, 1).status == -EFAULT else { exit(1) }
      _ = unsafe (memory.mapping.base + pageBytes).load(as: UInt8.self)
      exit(0)
    }
  }
}
