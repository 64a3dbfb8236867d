// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Memory of processes")
struct ProcessSourceTests {
  /// A caller with an IOAS, a device that sees it and an access.
  private struct Stage {
    let house = House()
    let caller: Caller
    let ioas: UInt32
    let device: UInt32
    let access: UInt32

    init() throws {
      caller = try house.connect()
      ioas = try caller.ioas()
      device = try caller.device()
      try caller.attach(device, to: ioas)
      access = try caller.access(ioas)
    }

    @discardableResult
    func map(
      _ address: UInt64, _ length: UInt64 = 4096, at iova: UInt64 = 0x10_0000, write: Bool? = nil,
      from descriptor: Int32
    ) throws -> UInt32 {
      let range = IOASMap.Range(
        length: length, source: .process(0, address: IOVA(address)), iova: IOVA(iova), write: write)
      return try caller.map(ioas, range, [descriptor]).memory
    }

    func read(_ iova: UInt64, _ length: UInt64) throws -> [UInt8] {
      try caller.call(
        caller.services.access.read, AccessRead(access: access, iova: IOVA(iova), length: length)
      ).data.bytes
    }

    func write(_ iova: UInt64, _ bytes: [UInt8]) throws {
      _ = try caller.call(
        caller.services.access.write, AccessWrite(access: access, iova: IOVA(iova), data: Bytes(bytes)))
    }

    func dmaRead(_ iova: UInt64, _ length: UInt64) throws -> [UInt8] {
      try caller.call(
        caller.services.device.dmaRead, DeviceDMARead(device: device, iova: IOVA(iova), length: length)
      ).data.bytes
    }

    func dmaWrite(_ iova: UInt64, _ bytes: [UInt8]) throws {
      _ = try caller.call(
        caller.services.device.dmaWrite,
        DeviceDMAWrite(device: device, iova: IOVA(iova), data: Bytes(bytes)))
    }
  }

  /// Pages of this process.
  @safe
  private final class OwnPages {
    private let base: UnsafeMutableRawPointer
    private let pages: Int
    var address: UInt64 { unsafe UInt64(UInt(bitPattern: base)) }

    init(_ pages: Int) throws {
      let mapped = unsafe mmap(
        nil, pages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      try #require(unsafe mapped != MAP_FAILED)
      guard let mapped = unsafe mapped else { throw Errno.enomem }
      unsafe base = mapped
      self.pages = pages
    }

    deinit { _ = unsafe munmap(base, pages * 4096) }

    subscript(offset: Int) -> UInt8 {
      get { unsafe base.load(fromByteOffset: offset, as: UInt8.self) }
      set { unsafe base.storeBytes(of: newValue, toByteOffset: offset, as: UInt8.self) }
    }

    func unmap(page: Int) { _ = unsafe munmap(base + page * 4096, 4096) }

    func mapAgain(page: Int) {
      _ = unsafe mmap(
        base + page * 4096, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
    }
  }

  private static let elf: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]

  @Test("Is read and written by address, by accesses and by devices, and the process sees it")
  func bothWays() throws {
    let stage = try Stage()
    let own = try OwnPages(4)
    try stage.map(own.address, 4 * 4096, from: Scene.ownMemory())
    own[0] = 7
    own[0x1fff] = 8
    #expect(try stage.read(0x10_0000, 1) == [7])
    #expect(try stage.dmaRead(0x10_1ffe, 4) == [0, 8, 0, 0])
    try stage.write(0x10_0fff, [1, 2])
    try stage.dmaWrite(0x10_2fff, [3, 4])
    #expect([own[0xfff], own[0x1000], own[0x2fff], own[0x3000]] == [1, 2, 3, 4])
    #expect(try stage.caller.unmap(stage.ioas, 0, .max) == 4 * 4096)
    #expect(try stage.house.state.descriptors == 0)
    #expect(try stage.house.state.heldBytes == 0)
  }

  @Test("Pins of a process hold nothing and cost nothing")
  func pins() throws {
    let stage = try Stage()
    let own = try OwnPages(4)
    let memory = try stage.map(own.address, 4 * 4096, from: Scene.ownMemory())
    let pin = try stage.caller.pin(stage.access, 0x10_0000, 4 * 4096, write: true)
    #expect(pin.segments.map(\.mappable) == [false])
    #expect(pin.segments.map(\.memory) == [memory])
    let state = try stage.house.state
    #expect(state.pinnedPages == 0)
    #expect(state.chargedPages == 0)
    #expect(state.descriptors == 1)
    #expect(state.heldBytes == 4 * 4096)
    let item = try #require(
      try stage.caller.call(stage.caller.services.memory.list, MemoryList(after: nil)).items.first)
    #expect(item.kind == .process)
    #expect(item.residency == .advisory)
    #expect(item.writable)
    #expect(!item.sealed)
    // Nobody else maps what a process has, and nobody shares it.
    expect(.eopnotsupp, "memory") {
      _ = try stage.caller.call(stage.caller.services.memory.open, MemoryOpen(memory: memory))
    }
    var shared = IOASMap.Range(length: 4096, source: .process(0, address: IOVA(own.address)))
    shared.share = .whole
    expect(.einval, "share") { try stage.caller.map(stage.ioas, shared, [Scene.ownMemory()]) }
  }

  @Test("The right to write is the descriptor's, and `memory` maps it again")
  func rights() throws {
    let stage = try Stage()
    let own = try OwnPages(2)
    let state = try stage.house.state
    expect(.eperm, "write") { try stage.map(own.address, write: true, from: Scene.ownMemory(O_RDONLY)) }
    #expect(try stage.house.state == state)
    let memory = try stage.map(own.address, 8192, from: Scene.ownMemory(O_RDONLY))
    expect(.eperm, "iova") { try stage.write(0x10_0000, [1]) }
    expect(.efault, "iova") { try stage.dmaWrite(0x10_0000, [1]) }
    let again = IOASMap.Range(length: 4096, source: .memory(memory, offset: 4096), iova: IOVA(0x20_0000))
    #expect(try stage.caller.map(stage.ioas, again).memory == memory)
    own[4096] = 9
    #expect(try stage.read(0x20_0000, 1) == [9])
  }

  @Test("Begins at a page where devices see it, and anywhere else where nobody minds")
  func alignment() throws {
    let stage = try Stage()
    let own = try OwnPages(2)
    expect(.einval, "source.address") { try stage.map(own.address + 8, from: Scene.ownMemory()) }
    expect(.eoverflow, "length") { try stage.map(1 << 63, from: Scene.ownMemory()) }
    expect(.eoverflow, "length") { try stage.map(1 << 63 - 4096, 8192, from: Scene.ownMemory()) }
    let idle = try stage.caller.ioas()
    own[5000] = 5
    let range = IOASMap.Range(
      length: 100, source: .process(0, address: IOVA(own.address + 4990)), iova: IOVA(0x777))
    try stage.caller.map(idle, range, [Scene.ownMemory()])
    let access = try stage.caller.access(idle, pins: false)
    let read = AccessRead(access: access, iova: IOVA(0x777 + 10), length: 1)
    #expect(try stage.caller.call(stage.caller.services.access.read, read).data.bytes == [5])
    let beyond = AccessRead(access: access, iova: IOVA(0x777 + 100), length: 1)
    expect(.enoent, "iova") { _ = try stage.caller.call(stage.caller.services.access.read, beyond) }
  }

  @Test("What the process has unmapped faults, until it maps something there again")
  func unmapped() throws {
    let stage = try Stage()
    let own = try OwnPages(3)
    try stage.map(own.address, 3 * 4096, from: Scene.ownMemory())
    _ = try stage.caller.pin(stage.access, 0x10_0000, 3 * 4096)
    own[0] = 1
    own.unmap(page: 1)
    expect(.efault, "iova") { _ = try stage.read(0x10_1000, 1) }
    expect(.efault, "iova") { _ = try stage.read(0x10_0fff, 2) }
    expect(.efault, "iova") { try stage.write(0x10_1000, [1]) }
    expect(.efault, "iova") { _ = try stage.dmaRead(0x10_1000, 1) }
    #expect(try stage.read(0x10_0000, 1) == [1])
    own.mapAgain(page: 1)
    own[4096] = 3
    #expect(try stage.dmaRead(0x10_1000, 1) == [3])
  }

  @Test("Ends with the process")
  func exit() throws {
    let stage = try Stage()
    let child = try Child("echo; read x")
    try stage.map(child.address(), from: child.memory())
    try stage.map(child.address(of: "[stack]"), at: 0x20_0000, from: child.memory())
    #expect(try stage.read(0x10_0000, 4) == Self.elf)
    try stage.write(0x20_0000, [1, 2, 3, 4])
    #expect(try stage.dmaRead(0x20_0000, 4) == [1, 2, 3, 4])
    child.end()
    expect(.efault, "iova") { _ = try stage.read(0x10_0000, 4) }
    expect(.efault, "iova") { try stage.write(0x20_0000, [1]) }
    expect(.efault, "iova") { _ = try stage.dmaRead(0x20_0000, 4) }
    // It still is mapped, and it can be unmapped.
    #expect(try stage.caller.unmap(stage.ioas, 0, .max) == 8192)
  }

  @Test("Ends with an exec, although the process goes on")
  func exec() throws {
    let stage = try Stage()
    let child = try Child("echo; read x; exec cat")
    try stage.map(child.address(), from: child.memory())
    #expect(try stage.read(0x10_0000, 4) == Self.elf)
    try child.goOn()
    try child.goOn()
    try child.awaitLine()
    expect(.efault, "iova") { _ = try stage.read(0x10_0000, 4) }
    // The new program's memory is another, to be brought anew.
    try stage.map(child.address(), at: 0x20_0000, from: child.memory())
    #expect(try stage.read(0x20_0000, 4) == Self.elf)
  }

  @Test("A descriptor of a process that is gone is mapped, and faults")
  func gone() throws {
    let stage = try Stage()
    let child = try Child("echo; read x")
    let (address, memory) = (try child.address(), try child.memory())
    child.end()
    try stage.map(address, from: memory)
    expect(.efault, "iova") { _ = try stage.read(0x10_0000, 4) }
  }

  @Test("Anything else is refused, and is closed")
  func others() throws {
    let stage = try Stage()
    var template = Array("/tmp/iommud-test.XXXXXX".utf8CString)
    let folder = try unsafe template.withUnsafeMutableBufferPointer { name -> String in
      let base = unsafe try #require(name.baseAddress)
      return unsafe String(cString: try #require(mkdtemp(base)))
    }
    // A name that looks like it.
    try #require(unsafe mkdir(folder + "/123", 0o700) == 0)
    let mimic = folder + "/123/mem"
    defer {
      _ = unsafe unlink(mimic)
      _ = unsafe rmdir(folder + "/123")
      _ = unsafe rmdir(folder)
    }
    let pathOnly: Int32 = 0o10000000
    let files: [(String, Int32)] = [
      (mimic, O_RDWR | O_CREAT), ("/proc/self/maps", O_RDONLY), ("/proc/self/mem", O_WRONLY),
      ("/proc/self/mem", pathOnly), ("/proc/self", O_RDONLY), ("/dev/null", O_RDWR), ("/dev/zero", O_RDWR),
    ]
    let state = try stage.house.state
    for (path, flags) in files {
      let opened = unsafe open(path, flags | O_CLOEXEC, 0o600)
      try #require(opened >= 0, "\(path)")
      // A number that nobody else in this process gets once it is free.
      let number = fcntl(opened, F_DUPFD_CLOEXEC, 900)
      close(opened)
      try #require(number >= 900)
      expect(.einval, "source.fd") { try stage.map(0x1000, from: number) }
      #expect(fcntl(number, F_GETFD) == -1, "\(path) was not closed")
    }
    expect(.einval, "source.fd") { try stage.map(0x1000, from: TestMemory(pages: 1).passed()) }
    expect(.einval, "source.fd") {
      let source = Source.process(1, address: IOVA(0x1000))
      try stage.caller.map(stage.ioas, .init(length: 4096, source: source), [Scene.ownMemory()])
    }
    #expect(try stage.house.state == state)
  }

  @Test("Is identified and copied by a worker that can be spared, never by the loop")
  func lanes() throws {
    let stage = try Stage()
    let own = try OwnPages(1)
    stage.caller.session.beginRequest(DescriptorBatch(owning: [try Scene.ownMemory()]))
    let mapping = try stage.house.services.ioas.map(
      IOASMap(
        ioas: stage.ioas,
        .init(length: 4096, source: .process(0, address: IOVA(own.address)), iova: IOVA(0x10_0000))),
      stage.caller.session)
    #expect(mapping.lane == .endless)
    _ = try mapping.awaited()
    stage.caller.session.endRequest()
    let session = stage.caller.session
    let services = stage.house.services
    let outcomes = [
      try services.access.read(
        AccessRead(access: stage.access, iova: IOVA(0x10_0000), length: 1), session
      ).lane,
      try services.access.write(
        AccessWrite(access: stage.access, iova: IOVA(0x10_0000), data: Bytes([1])), session
      ).lane,
      try services.device.dmaRead(
        DeviceDMARead(device: stage.device, iova: IOVA(0x10_0000), length: 1), session
      ).lane,
      try services.device.dmaWrite(
        DeviceDMAWrite(device: stage.device, iova: IOVA(0x10_0000), data: Bytes([1])), session
      ).lane,
    ]
    #expect(outcomes == [.endless, .endless, .endless, .endless])
  }
}

extension Outcome {
  /// Which workers it is for; nil for what is none.
  fileprivate var lane: Lane? {
    if case .job(let job) = self { job.lane } else { nil }
  }
}
