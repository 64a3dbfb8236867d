// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuLinux
import IommuWire
import Testing

@Suite("Context options")
struct ContextOptionTests {
  private func option(
    _ caller: Caller, rlimitMode: RlimitMode? = nil, frames: FrameLayout? = nil
  ) throws -> ContextOption.Result {
    try caller.call(
      caller.services.context.option, ContextOption(rlimitMode: rlimitMode, frames: frames))
  }

  @Test("Are answered as they are, and set before the first object")
  func fixed() throws {
    let house = House()
    let caller = try house.connect()
    #expect(try option(caller).rlimitMode == .user)
    #expect(try option(caller).frames == TestFrames.layout)
    #expect(try option(caller, frames: .fragmented).frames == .fragmented)
    #expect(try option(caller, frames: .bus).frames == .bus)
    let ioas = try caller.ioas()
    expect(.ebusy, "frames") { _ = try option(caller, frames: .fragmented) }
    #expect(try option(caller).frames == .bus)
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: ioas))
    #expect(try option(caller, frames: .fragmented).frames == .fragmented)
    // Those of one context say nothing about another.
    #expect(try option(house.connect()).frames == TestFrames.layout)
    _ = try caller.open("vm")
    #expect(try option(caller).frames == TestFrames.layout)
    // All or nothing.
    expect(.eperm, "rlimit_mode") { _ = try option(caller, rlimitMode: .process, frames: .fragmented) }
    #expect(try option(caller).frames == TestFrames.layout)
  }

  @Test("Who pays for pins is said by admins, while the context is empty")
  func rlimitModeIsForAdmins() throws {
    let house = House()
    let user = try house.connect()
    _ = try user.open("vm")
    expect(.eperm, "rlimit_mode") { _ = try option(user, rlimitMode: .user) }
    let admin = try house.connect(uid: 0, role: .admin)
    _ = try admin.open("vm", owner: 1000)
    #expect(try option(admin, rlimitMode: .process).rlimitMode == .process)
    #expect(try option(user).rlimitMode == .process)
    _ = try user.ioas()
    expect(.ebusy, "rlimit_mode") { _ = try option(admin, rlimitMode: .user) }
  }

  @Test("Processes that pay for themselves have the limit each, and give back each to its own")
  func perProcess() throws {
    let house = House { $0[each: .pinnedBytes] = 4 * 4096 }
    let first = try house.connect(pid: 10)
    let second = try house.connect(pid: 11)
    let admin = try house.connect(uid: 0, role: .admin)
    for caller in [first, second] { _ = try caller.open("vm") }
    _ = try admin.open("vm", owner: 1000)
    _ = try option(admin, rlimitMode: .process)
    let ioas = try first.ioas()
    try first.attach(try first.device(), to: ioas)
    let file = try TestMemory(pages: 8)
    func map(_ caller: Caller, _ iova: UInt64, pages: UInt64) throws {
      try caller.map(
        ioas, .init(length: pages * 4096, source: .fd(0), iova: IOVA(iova)), [file.passed()])
    }
    try map(first, 0x10000, pages: 4)
    expect(.enomem, "length") { try map(first, 0x20000, pages: 1) }
    try map(second, 0x20000, pages: 3)
    // Another connection of the same process pays from the same purse; memory that is made is pinned memory.
    let third = try house.connect(pid: 11)
    _ = try third.open("vm")
    expect(.enomem, "source") { try third.map(ioas, .init(length: 8192, source: .new)) }
    try third.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x30000)))
    #expect(try house.state.chargedPages == 8)
    // Whoever unmaps, the payer has it back.
    try second.unmap(ioas, 0x10000, 4 * 4096)
    try map(first, 0x10000, pages: 4)
    expect(.enomem, "length") { try map(second, 0x40000, pages: 1) }
    try first.unmap(ioas, 0, .max)
    #expect(try house.state.chargedPages == 0)
  }

  @Test("All processes of a user have one limit together unless an admin says otherwise")
  func perUser() throws {
    let house = House { $0[each: .pinnedBytes] = 4 * 4096 }
    for (pid, pages, rest) in [(Int32(20), UInt64(3), UInt64(1)), (21, 1, 0)] {
      let caller = try house.connect(pid: pid)
      let ioas = try caller.ioas()
      try caller.attach(try caller.device(), to: ioas)
      let file = try TestMemory(pages: 4)
      try caller.map(ioas, .init(length: pages * 4096, source: .fd(0)), [file.passed()])
      expect(.enomem, "length") {
        try caller.map(ioas, .init(length: (rest + 1) * 4096, source: .fd(0)), [file.passed()])
      }
    }
  }

  @Test("Fragmented frames have no neighbours, and everything is as it is otherwise")
  func fragmented() throws {
    let house = House()
    let caller = try house.connect()
    _ = try option(caller, frames: .fragmented)
    let ioas = try caller.ioas()
    let file = try TestMemory(pages: 512)
    let mapped = try caller.map(
      ioas, .init(length: 512 * 4096, source: .fd(0), iova: IOVA(0x20_0000)), [file.passed()])
    let device = try caller.device()
    let hwpt = try caller.attach(device, to: ioas)
    let runs = try caller.call(
      caller.services.hwpt.translate, HWPTTranslate(hwpt: hwpt, iova: IOVA(0x20_0000), length: 512 * 4096)
    ).runs
    #expect(runs.count == 512)
    #expect(runs.enumerated().allSatisfy { $1.offset == UInt64($0) * 4096 && $1.memory == mapped.memory })
    #expect(zip(runs, runs.dropFirst()).allSatisfy { $1.frame.rawValue != $0.frame.rawValue + 4096 })
    let read = try caller.call(
      caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(0x20_0ffe), length: 4100)
    ).data.bytes
    #expect(try read == file.bytes(at: 0xffe, 4100))
    let access = try caller.access(ioas)
    #expect(try caller.pin(access, 0x20_0000, 512 * 4096).segments.map(\.length) == [512 * 4096])
    _ = try caller.call(
      caller.services.access.write, AccessWrite(access: access, iova: IOVA(0x20_1fff), data: Bytes([9, 8])))
    #expect(try file.bytes(at: 0x1fff, 2) == [9, 8])
  }

  @Test("Physical frames are the machine's, of writable files and new memory alone")
  func physical() throws {
    guard (try? Pagemap()) != nil, RingPool.isAvailable else {
      print("skipped: physical frames need CAP_SYS_ADMIN and io_uring")
      return
    }
    let house = House()
    let caller = try house.connect()
    #expect(try option(caller, frames: .physical).frames == .physical)
    let ioas = try caller.ioas()
    let device = try caller.device()
    let hwpt = try caller.attach(device, to: ioas)
    let file = try TestMemory(pages: 32)
    try caller.map(ioas, .init(length: 32 * 4096, source: .fd(0), iova: IOVA(0x10_0000)), [file.passed()])
    let runs = try caller.call(
      caller.services.hwpt.translate, HWPTTranslate(hwpt: hwpt, iova: IOVA(0x10_0000), length: 32 * 4096)
    ).runs
    let frames = runs.flatMap { run in
      stride(from: run.frame.rawValue, to: run.frame.rawValue + run.length, by: 4096).map { $0 >> 12 }
    }
    #expect(try frames == file.machineFrames())
    let read = try caller.call(
      caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(0x10_0ffe), length: 4))
    #expect(read.data.bytes == [1, 1, 2, 2])
    try caller.map(ioas, .init(length: 4 * 4096, source: .new, iova: IOVA(0x20_0000)))
    // What no pin holds has no frame to show.
    let state = try house.state
    expect(.eopnotsupp, "source.fd") {
      let other = try TestMemory(pages: 1)
      try caller.map(ioas, .init(length: 4096, source: .fd(0)), [other.passed(readOnly: true)])
    }
    expect(.eopnotsupp, "source") {
      try caller.map(
        ioas, .init(length: 4096, source: .process(0, address: IOVA(0x1000))), [Scene.ownMemory()])
    }
    #expect(try house.state == state)
    #expect(try caller.unmap(ioas, 0, .max) == 36 * 4096)
    #expect(try house.state.pinnedPages == 0)
  }

  @Test("Physical frames are refused to a daemon that may not see them")
  func physicalUnprivileged() async {
    await #expect(processExitsWith: .success) {
      if getuid() == 0 { try #require(setgid(65_533) == 0 && setuid(65_533) == 0) }
      let house = House()
      let caller = try house.connect()
      expect(RingPool.isAvailable ? .eperm : .eopnotsupp, "frames") {
        _ = try caller.call(caller.services.context.option, ContextOption(frames: .physical))
      }
    }
  }
}

extension TestMemory {
  /// Where the machine keeps its pages, as this process sees it.
  fileprivate func machineFrames() throws -> [UInt64] {
    let bytes = pages * 4096
    let base = unsafe mmap(
      nil, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor.rawValue, 0)
    let mapped = unsafe try #require(base)
    defer { _ = unsafe munmap(mapped, bytes) }
    let pagemap = unsafe open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC)
    try #require(pagemap >= 0)
    defer { close(pagemap) }
    var entries = [UInt64](repeating: 0, count: pages)
    let got = unsafe iommu_pagemap_read(pagemap, mapped, &entries, UInt64(pages))
    try #require(got == Int64(pages))
    return entries.map { $0 & (1 << 55 - 1) }
  }
}
