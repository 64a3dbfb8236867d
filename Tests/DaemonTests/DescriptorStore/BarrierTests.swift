// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import Testing

@Suite struct BarrierTests {
  private struct Scene {
    let loop: EventLoop
    let manager: FakeManager
    let notifier: Notifier
    let store: DescriptorStore

    init() throws {
      loop = try EventLoop()
      manager = try FakeManager()
      notifier = try Notifier(loop, address: manager.address, journal: .silent)
      store = try DescriptorStore(loop, notifier, capacity: nil, inherited: [], journal: .silent)
    }

    @discardableResult
    func hold() throws -> StoreNumber {
      try store.hold(try TestMemory(pages: 1), .memory, for: UInt32.random(in: 1...(.max)))
    }

    /// Runs the loop until it has nothing to do.
    func turn() throws { while try loop.turn(timeout: 0) {} }

    /// The next message, which has to be a barrier; it holds it up for as long as it lives.
    func barrier() throws -> FakeManager.Message {
      let message = try #require(manager.next())
      #expect(message.text == "BARRIER=1")
      // Other fields, or more descriptors, and systemd takes it for none.
      #expect(message.descriptors?.count == 1)
      return message
    }
  }

  @Test func `A barrier has passed when the manager closes its end, and not before`() throws {
    let scene = try Scene()
    try scene.hold()
    let ticket = scene.store.barrier()
    // What the socket has taken reaches the manager in any case.
    #expect(scene.store.hasSent(ticket) && !scene.store.hasPassed(ticket))
    var woken = 0
    _ = scene.store.passed.add { woken += 1 }

    #expect(scene.manager.next()?.text.hasPrefix("FDSTORE=1") == true)
    var barrier: FakeManager.Message? = try scene.barrier()
    try scene.turn()
    #expect(!scene.store.hasPassed(ticket) && woken == 0)
    withExtendedLifetime(barrier) {}
    barrier = nil
    try scene.turn()
    #expect(scene.store.hasPassed(ticket) && woken == 1)
  }

  @Test func `Nothing new needs no barrier`() throws {
    let scene = try Scene()
    #expect(scene.store.hasPassed(scene.store.barrier()))
    try scene.hold()
    let ticket = scene.store.barrier()
    // Behind the same messages.
    let same = scene.store.barrier()
    #expect(scene.manager.all().count == 2)
    #expect(!scene.store.hasPassed(same))
    try scene.turn()
    #expect(scene.store.hasPassed(ticket) && scene.store.hasPassed(same))
    #expect(scene.store.hasPassed(scene.store.barrier()))
    #expect(scene.manager.next() == nil)
    // What was sent without anybody who asks is asked for later.
    try scene.hold()
    #expect(!scene.store.hasPassed(scene.store.barrier()))
  }

  @Test func `Those who ask during a barrier ride on one next one together`() throws {
    let scene = try Scene()
    try scene.hold()
    let early = scene.store.barrier()
    #expect(scene.manager.next() != nil)
    var barrier: FakeManager.Message? = try scene.barrier()
    var late: [DescriptorStore.Ticket] = []
    for _ in 0..<10 {
      try scene.hold()
      late.append(scene.store.barrier())
    }
    // The objects go out at once; a second barrier does not.
    #expect(scene.manager.all().filter { $0.text == "BARRIER=1" }.isEmpty)
    withExtendedLifetime(barrier) {}
    barrier = nil
    try scene.loop.turn(timeout: 0)
    #expect(scene.store.hasPassed(early))
    #expect(late.allSatisfy { !scene.store.hasPassed($0) })
    barrier = try scene.barrier()
    #expect(scene.manager.next() == nil)
    try scene.turn()
    #expect(late.allSatisfy { !scene.store.hasPassed($0) })
    barrier = nil
    try scene.turn()
    #expect(late.allSatisfy { scene.store.hasPassed($0) })
  }

  @Test func `A manager that does not read holds up nobody but those who wait for it`() throws {
    let scene = try Scene()
    var numbers: [(uid: UInt32, number: StoreNumber)] = []
    for uid in 0..<448 as Range<UInt32> {
      let memory = try TestMemory(pages: 1)
      numbers.append((uid, try scene.store.hold(memory, .memory, for: uid)))
    }
    // The kernel keeps some hundred messages, or fewer; the rest waits here.
    #expect(scene.notifier.waitingCount > 0)
    let ticket = scene.store.barrier()
    #expect(!scene.store.hasSent(ticket))
    var released = 0
    _ = scene.store.sent.add { released += 1 }
    for count in 0..<1000 { scene.notifier.send("STATUS=\(count)", about: .status) }
    var isDone = false
    let timer = try TimerSource(scene.loop) { isDone = true }
    timer.set(after: 1000)
    // Nothing is ready but the timer: no turn is spent on a socket that takes nothing.
    #expect(try scene.loop.turn(timeout: 10_000_000))
    #expect(isDone && !scene.store.hasPassed(ticket) && !scene.store.hasSent(ticket))
    #expect(try !scene.loop.turn(timeout: 0))
    // What was not sent is not sent, nor taken back by a message of its own.
    let unsent = try #require(numbers.last)
    scene.store.letGo(unsent.number, .memory, of: unsent.uid)

    // It reads again: everything comes, in order, the last state alone.
    var messages: [FakeManager.Message] = []
    while !scene.store.hasPassed(ticket) {
      let read = scene.manager.all()
      messages += read.map { FakeManager.Message(text: $0.text, descriptors: nil) }
      _ = try scene.loop.turn(timeout: 0)
    }
    #expect(scene.store.hasSent(ticket) && released == 1)
    messages += scene.manager.all()
    let names = messages.compactMap { $0.value("FDNAME") }
    #expect(names == numbers.dropLast().map { "m\($0.number)" })
    #expect(messages.filter { $0.text.hasPrefix("STATUS=") }.map(\.text) == ["STATUS=999"])
    #expect(messages.dropLast().last?.text == "BARRIER=1")
    #expect(scene.notifier.waitingCount == 0)
  }
}
