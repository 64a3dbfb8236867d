// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuLinux
import Testing

/// What a device translates to has to stay where it is: the machine's own frames, while its memory is compacted.
@Suite struct CompactionTests {
  private static let control = "/proc/sys/vm/compact_memory"

  /// Whether frames can be seen, kept and moved here.
  private static func possible() -> Bool {
    unsafe geteuid() == 0 && access(control, W_OK) == 0 && ringsWork()
  }

  private final class FreeAccount: PinAccount {
    func charge(pages: UInt64) throws(Refusal) {}
    func uncharge(pages: UInt64) {}
  }

  /// Memory in scattered frames that can be looked at, with gaps between them that want to be closed.
  private final class VisibleMemory {
    let client: ClientMemory
    let pages: Int
    private let mapping: OwnedMapping
    private let pagemap: OwnedDescriptor

    /// - Parameter pages: those that stay, a multiple of 8.
    init(pages: Int) throws {
      self.pages = pages
      client = try ClientMemory(pages: pages)
      // Written in turns, so that the frames of neighbours lie apart, and the gaps between them are free again.
      let gaps = try ClientMemory(pages: pages, populated: 0)
      for first in stride(from: 0, to: pages, by: 8) {
        for page in first..<first + 8 {
          try client.write(page: page, UInt8(truncatingIfNeeded: page))
          try gaps.write(page: page, 0)
        }
      }
      let base = unsafe mmap(
        nil, pages * pageBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, client.number, 0)
      let mapped = try unsafe #require(unsafe base != MAP_FAILED ? base : nil)
      unsafe mapping = OwnedMapping(owning: mapped, length: pages * pageBytes)
      let opened = unsafe open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
      try #require(opened >= 0)
      pagemap = OwnedDescriptor(owning: opened)
    }

    /// The frame of each page; 0 where none is to be seen.
    func frames() throws -> [UInt64] {
      var entries = [UInt64](repeating: 0, count: pages)
      let got = unsafe entries.withUnsafeMutableBufferPointer {
        unsafe iommu_pagemap_read(pagemap.rawValue, mapping.base, $0.baseAddress, UInt64(pages))
      }
      try #require(got == Int64(pages))
      return entries.map { $0 & (1 << 55 - 1) }
    }
  }

  private func compact() throws {
    let file = unsafe open(Self.control, O_WRONLY | O_CLOEXEC)
    try #require(file >= 0)
    defer { close(file) }
    try #require(unsafe write(file, "1", 1) == 1)
  }

  @Test(.enabled(if: possible(), "needs root, io_uring and a writable /proc/sys/vm/compact_memory"))
  func pinnedFramesStayWhereTheyAre() throws {
    let memory = try VisibleMemory(pages: 4096)
    let free = try VisibleMemory(pages: 4096)
    let origin = try memory.client.origin()
    #expect(origin.residency == .pinned)
    let space = AddressSpace()
    let domain = try VTDDomain()
    try space.attach(domain)
    let iovas = try space.map([
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: 0, writable: true, account: FreeAccount()), iova: nil,
        length: UInt64(memory.pages * pageBytes), protection: [.read, .write])
    ])
    #expect(origin.pinnedPages == UInt64(memory.pages))
    let (pinned, movable) = (try memory.frames(), try free.frames())
    #expect(pinned.allSatisfy { $0 != 0 })
    for _ in 0..<3 { try compact() }
    let moved = zip(movable, try free.frames()).count { $0 != $1 }
    print("compaction: \(moved) of \(free.pages) free pages moved")
    #expect(try memory.frames() == pinned)
    // The bytes are still those that a device reaches.
    for page in stride(from: 0, to: memory.pages, by: 97) {
      let bytes = try origin.bytes(at: UInt64(page * pageBytes), count: 1)
      #expect(bytes == [UInt8(truncatingIfNeeded: page)])
    }
    try space.detach(domain)
    #expect(origin.pinnedPages == 0 && iovas.count == 1)
    _ = try space.unmapAll()
  }
}
