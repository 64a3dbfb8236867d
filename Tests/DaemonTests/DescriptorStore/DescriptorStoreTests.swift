// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import Testing

@Suite struct DescriptorStoreTests {
  /// A store whose manager is the test, and whose loop runs when the test says so.
  private struct Scene {
    let loop: EventLoop
    let manager: FakeManager
    let store: DescriptorStore

    init(capacity: Int? = nil, inherited: [StoredDescriptor] = []) throws {
      loop = try EventLoop()
      manager = try FakeManager()
      let notifier = try Notifier(loop, address: manager.address, journal: .silent)
      store = try DescriptorStore(
        loop, notifier, capacity: capacity, inherited: inherited, journal: .silent)
    }

    var texts: [String] { manager.all().map(\.text) }
  }

  private func inode(_ descriptor: Int32) -> UInt64 {
    var facts = stat()
    return unsafe fstat(descriptor, &facts) == 0 ? UInt64(facts.st_ino) : 0
  }

  private func stored(_ name: StoreName, _ memory: TestMemory) throws -> StoredDescriptor {
    StoredDescriptor(name, try memory.descriptor.duplicate())
  }

  @Test func `An object is sent with its name and descriptor, and let go by name`() throws {
    let scene = try Scene()
    let memory = try TestMemory(pages: 1)
    let number = try scene.store.hold(memory, .memory, for: 1000)
    let message = try #require(scene.manager.next())
    #expect(message.text == "FDSTORE=1\nFDNAME=m\(number)\nFDPOLL=0")
    #expect(message.descriptors?.count == 1)
    let sent = try #require(message.descriptors?.number(0))
    #expect(inode(sent) == inode(memory.descriptor.rawValue))

    let log = try scene.store.hold(try TestMemory(pages: 1), .log, for: 1000)
    #expect(scene.texts == ["FDSTORE=1\nFDNAME=l\(log)\nFDPOLL=0"])
    scene.store.letGo(number, .memory, of: 1000)
    #expect(scene.texts == ["FDSTOREREMOVE=1\nFDNAME=m\(number)"])
    #expect(scene.store.count == 1 && scene.store.count(of: 1000) == 1)
  }

  @Test func `The same object is sent once and goes with its last use`() throws {
    let scene = try Scene()
    let memory = try TestMemory(pages: 1)
    let number = try scene.store.hold(memory, .memory, for: 1000)
    // Another description of the same file, with the same rights.
    let copy = OwnedDescriptor(owning: try memory.passed())
    #expect(try scene.store.hold(copy.rawValue, .memory, for: 1000) == number)
    #expect(try scene.store.hold(copy.rawValue, .memory, for: 1001) == number)
    #expect(scene.texts.count == 1)
    #expect(scene.store.count == 1)
    #expect(scene.store.count(of: 1000) == 1 && scene.store.count(of: 1001) == 1)

    // Without the right to write it is another one: the manager would take it for one as well.
    let reader = OwnedDescriptor(owning: try memory.passed(readOnly: true))
    let other = try scene.store.hold(reader.rawValue, .memory, for: 1000)
    #expect(other != number)
    #expect(scene.texts == ["FDSTORE=1\nFDNAME=m\(other)\nFDPOLL=0"])

    scene.store.letGo(number, .memory, of: 1000)
    #expect(scene.store.count(of: 1000) == 2)
    scene.store.letGo(number, .memory, of: 1000)
    #expect(scene.store.count(of: 1000) == 1)
    #expect(scene.texts.isEmpty)
    scene.store.letGo(number, .memory, of: 1001)
    #expect(scene.texts == ["FDSTOREREMOVE=1\nFDNAME=m\(number)"])
    #expect(scene.store.count(of: 1001) == 0)
  }

  @Test func `One user keeps 64 objects, all together 448, and nothing is sent beyond`() throws {
    let scene = try Scene()
    var memories: [TestMemory] = []
    func hold(for uid: UInt32) throws -> StoreNumber {
      let memory = try TestMemory(pages: 1)
      memories.append(memory)
      return try scene.store.hold(memory, .memory, for: uid)
    }
    var first: StoreNumber = 0
    for uid in 0..<7 as Range<UInt32> {
      for index in 0..<64 {
        let number = try hold(for: uid)
        if uid == 0, index == 0 { first = number }
      }
      #expect(throws: StoreFull(scope: .user(uid), use: 64, limit: 64)) { _ = try hold(for: uid) }
    }
    var sent = 0
    while sent < 448 {
      sent += scene.texts.count
      _ = try scene.loop.turn(timeout: 0)
    }
    #expect(sent == 448)
    #expect(throws: StoreFull(scope: .all, use: 448, limit: 448)) { _ = try hold(for: 7) }
    // What is there already costs another user nothing but its own count.
    #expect(try scene.store.hold(memories[0], .memory, for: 7) == first)
    #expect(throws: StoreFull(scope: .user(1), use: 64, limit: 64)) {
      _ = try scene.store.hold(memories[0], .memory, for: 1)
    }
    #expect(scene.texts.isEmpty)
    #expect(scene.store.count == 448)

    scene.store.letGo(first, .memory, of: 7)
    scene.store.letGo(first, .memory, of: 0)
    _ = try hold(for: 7)
    #expect(scene.store.count == 448 && scene.store.count(of: 0) == 63)
  }

  @Test func `An object that replaces another one counts when that has gone`() throws {
    let scene = try Scene()
    func hold(replacing old: StoreNumber? = nil) throws -> StoreNumber {
      try scene.store.hold(try TestMemory(pages: 1), .log, for: 1, replacing: old)
    }
    var number = try hold()
    for _ in 1..<64 { _ = try hold() }
    #expect(throws: StoreFull.self) { _ = try hold() }
    for _ in 0..<100 {
      let next = try hold(replacing: number)
      #expect(scene.store.count == 64 && scene.store.count(of: 1) == 64)
      scene.store.letGo(number, .log, of: 1)
      #expect(scene.store.count == 64 && scene.store.count(of: 1) == 64)
      number = next
    }
    // The new one is given up.
    let given = try hold(replacing: number)
    scene.store.letGo(given, .log, of: 1)
    #expect(scene.store.count == 64 && scene.store.count(of: 1) == 64)
    // No more at once than the manager has room for.
    for _ in 0..<DescriptorStore.replacementLimit { _ = try hold(replacing: number) }
    #expect(throws: StoreFull.self) { _ = try hold(replacing: number) }
  }

  @Test func `A manager that says how much it keeps is believed`() throws {
    let scene = try Scene(capacity: 34)
    let memories = try (0..<3).map { _ in try TestMemory(pages: 1) }
    for memory in memories[..<2] {
      _ = try scene.store.hold(memory, .memory, for: 1)
    }
    #expect(throws: StoreFull(scope: .all, use: 2, limit: 2)) {
      _ = try scene.store.hold(memories[2], .memory, for: 1)
    }
    #expect(scene.store.isThere)
    #expect(try !Scene(capacity: 0).store.isThere)
  }

  @Test func `Without a service manager nothing is kept, and everything counts`() throws {
    let loop = try EventLoop()
    let store = try DescriptorStore(loop, nil, capacity: nil, inherited: [], journal: .silent)
    #expect(!store.isThere)
    let memory = try TestMemory(pages: 1)
    let number = try store.hold(memory, .memory, for: 1)
    #expect(store.count(of: 1) == 1)
    #expect(store.hasPassed(store.barrier()))
    store.letGo(number, .memory, of: 1)
    #expect(store.count == 0)
  }

  @Test func `What was kept is found again, and what nobody uses goes`() throws {
    let memories = try (0..<3).map { _ in try TestMemory(pages: 1) }
    let scene = try Scene(inherited: [
      try stored(StoreName(.memory, 41), memories[0]), try stored(StoreName(.log, 7), memories[1]),
      try stored(StoreName(.memory, 5), memories[2]),
    ])
    let store = scene.store
    #expect(store.inherited(.memory).map(\.number) == [5, 41])
    #expect(store.inherited(.log).map(\.number) == [7])
    let opened = try store.open(41, .memory)
    #expect(inode(opened.rawValue) == inode(memories[0].descriptor.rawValue))
    #expect(throws: Errno(ENOENT)) { _ = try store.open(42, .memory).rawValue }
    #expect(throws: Errno(ENOENT)) { _ = try store.open(41, .log).rawValue }

    #expect(store.holdInherited(41, .memory, for: 1000))
    #expect(store.holdInherited(41, .memory, for: 1000))
    #expect(!store.holdInherited(42, .memory, for: 1000))
    // A client has brought the same memory once more: that is a use too.
    #expect(try store.hold(memories[1], .log, for: 1000) == 7)
    #expect(scene.texts.isEmpty)
    #expect(store.sweep() == 1)
    #expect(scene.texts == ["FDSTOREREMOVE=1\nFDNAME=m5"])
    #expect(store.inherited(.memory).isEmpty)
    #expect(store.count == 2 && store.count(of: 1000) == 2)

    // New names are new.
    _ = try store.hold(memories[2], .memory, for: 1000)
    #expect(scene.texts == ["FDSTORE=1\nFDNAME=m42\nFDPOLL=0"])
    store.letGo(41, .memory, of: 1000)
    #expect(scene.texts.isEmpty)
    store.letGo(41, .memory, of: 1000)
    #expect(scene.texts == ["FDSTOREREMOVE=1\nFDNAME=m41"])
  }

  @Test func `What was kept counts without limit for whoever used it`() throws {
    let memories = try (1...70).map { _ in try TestMemory(pages: 1) }
    let inherited = try memories.enumerated().map {
      try stored(StoreName(.memory, StoreNumber($0.offset + 1)), $0.element)
    }
    let scene = try Scene(inherited: inherited)
    for number in 1...70 as ClosedRange<StoreNumber> { scene.store.holdInherited(number, .memory, for: 9) }
    #expect(scene.store.count(of: 9) == 70)
    #expect(throws: StoreFull(scope: .user(9), use: 70, limit: 64)) {
      _ = try scene.store.hold(try TestMemory(pages: 1), .memory, for: 9)
    }
  }

  @Test func `Numbers begin again at the end, and pass over those in use`() throws {
    let memories = try (0..<4).map { _ in try TestMemory(pages: 1) }
    let scene = try Scene(inherited: [
      try stored(StoreName(.memory, .max), memories[0]), try stored(StoreName(.memory, 0), memories[1]),
    ])
    #expect(try scene.store.hold(memories[2], .memory, for: 1) == 1)
    #expect(try scene.store.hold(memories[3], .log, for: 1) == 2)
    #expect(StoreName(.memory, .max).text.utf8.count <= 12)
  }

  @Test(arguments: [
    ("m12", StoreName(.memory, 12)), ("l0", StoreName(.log, 0)),
    ("m4294967295", StoreName(.memory, .max)), ("m4294967296", nil), ("m", nil), ("l01", nil), ("m+1", nil),
    ("m-1", nil), ("x1", nil), ("", nil), ("m1 ", nil), ("stored", nil), ("user", nil), ("mm1", nil),
  ])
  func `A name is read back as it was written`(_ text: String, _ name: StoreName?) {
    #expect(StoreName(text) == name)
    if let name { #expect(name.text == text) }
  }
}

extension DescriptorStore {
  /// Holds memory that is open meanwhile.
  func hold(
    _ memory: TestMemory, _ kind: StoreName.Kind, for uid: UInt32, replacing replaced: StoreNumber? = nil
  ) throws(StoreFull) -> StoreNumber {
    defer { withExtendedLifetime(memory) {} }
    return try hold(memory.descriptor.rawValue, kind, for: uid, replacing: replaced)
  }
}
