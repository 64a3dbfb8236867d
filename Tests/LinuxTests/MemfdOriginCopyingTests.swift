// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuLinux
import Testing

@Suite struct MemfdOriginCopyingTests {
  /// Small copies and large ones go different ways.
  @Test(arguments: [1, 100]) func bytesGoInAndOut(scale: Int) throws {
    let memory = try ClientMemory(pages: 2 * scale)
    let origin = try memory.origin()
    let count = scale * pageBytes + 3
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) }
    try origin.write(bytes, at: 5)
    #expect(try origin.bytes(at: 5, count: count) == bytes)
    #expect(try origin.bytes(at: 0, count: 5) == [0, 0, 0, 0, 0])
    #expect(try origin.bytes(at: UInt64(5 + count), count: 1) == [UInt8(truncatingIfNeeded: scale)])
    #expect(origin.pinnedPages == 0)
  }

  @Test(arguments: [1, 100]) func holesReadAsZeroesAndStayHoles(scale: Int) throws {
    let memory = try ClientMemory(pages: 2 * scale, populated: 1)
    let origin = try memory.origin()
    let bytes = try origin.bytes(at: UInt64(pageBytes), count: (2 * scale - 1) * pageBytes)
    #expect(bytes.allSatisfy { $0 == 0 })
    #expect(memory.allocatedBytes == UInt64(pageBytes))
  }

  @Test func writingIntoAHoleIsRefused() throws {
    let memory = try ClientMemory(pages: 4, populated: 2)
    let origin = try memory.origin()
    #expect(throws: Refusal.origin(.efault, index: PageIndex(2))) {
      try origin.write([1, 2], at: UInt64(2 * pageBytes - 1))
    }
    #expect(try origin.bytes(at: UInt64(2 * pageBytes - 1), count: 1) == [1])
    #expect(memory.allocatedBytes == UInt64(2 * pageBytes))
  }

  @Test func ownMemoryIsOursToFill() throws {
    let origin = try MemfdOrigin(try MemfdFile(new: 1 << 20), frames: FrameAllocator())
    #expect(try origin.bytes(at: 0, count: 1 << 20).allSatisfy { $0 == 0 })
    try origin.write([9], at: (1 << 20) - 1)
    #expect(try origin.bytes(at: (1 << 20) - 2, count: 2) == [0, 9])
  }

  @Test func readOnlyIsReadOnly() throws {
    let memory = try ClientMemory(pages: 1)
    let readOnly = try MemfdOrigin(try memory.receivedReadOnly(), frames: FrameAllocator())
    #expect(!readOnly.writable)
    #expect(try readOnly.bytes(at: 0, count: 1) == [0])
    #expect(throws: Refusal.readOnly) { try readOnly.write([1], at: 0) }
    try #require(iommu_add_seals(memory.number, Seals.write.rawValue) == 0)
    let sealed = try memory.origin()
    #expect(throws: Refusal.readOnly) { try sealed.write([1], at: 0) }
    #expect(try sealed.bytes(at: 0, count: pageBytes).allSatisfy { $0 == 0 })
  }

  @Test func aFileThatBecameShorterIsAFault() throws {
    let memory = try ClientMemory(pages: 100)
    let origin = try memory.origin()
    #expect(try origin.bytes(at: 0, count: 100 * pageBytes).count == 100 * pageBytes)
    try origin.write([1], at: UInt64(60 * pageBytes))
    try #require(ftruncate(memory.number, 50 * pageBytes) == 0)
    #expect(throws: Refusal.origin(.efault, index: PageIndex(60))) {
      _ = try origin.bytes(at: UInt64(60 * pageBytes), count: 1)
    }
    #expect(throws: Refusal.origin(.efault, index: PageIndex(0))) {
      _ = try origin.bytes(at: 0, count: 100 * pageBytes)
    }
    #expect(throws: Refusal.self) { try origin.write([1], at: UInt64(60 * pageBytes)) }
    #expect(try origin.bytes(at: UInt64(49 * pageBytes), count: 1) == [49])
    #expect(memory.allocatedBytes == UInt64(50 * pageBytes))
  }

  @Test func copiesCrossTheWindowsOfALargeFile() throws {
    let window = UInt64(1) << 36
    let memory = try ClientMemory(pages: Int(window / Page.size) * 1024, populated: 0)
    try memory.write(page: Int(window / Page.size) - 1, 1)
    try memory.write(page: Int(window / Page.size), 2)
    let origin = try memory.origin()
    try origin.write([7, 8], at: window - 1)
    #expect(try origin.bytes(at: window - 2, count: 4) == [1, 7, 8, 2])
    #expect(try origin.bytes(at: origin.size - 1, count: 1) == [0])
  }
}
