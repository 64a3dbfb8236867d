// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import Testing

@Suite struct NotifierTests {
  @Test func `Messages arrive in their order, at a path as under an abstract name`() throws {
    let folder = try temporaryFolder()
    let path = folder + "/notify"
    for manager in [try FakeManager(path: path), try FakeManager()] {
      let notifier = try Notifier(EventLoop(), address: manager.address, journal: .silent)
      for number in 0..<5 { notifier.send("N=\(number)") }
      #expect(manager.all().map(\.text) == ["N=0", "N=1", "N=2", "N=3", "N=4"])
    }
    _ = unsafe unlink(path)
    _ = unsafe rmdir(folder)
  }

  @Test func `Whoever comes back at the same place hears what was said in between`() throws {
    let folder = try temporaryFolder()
    let path = folder + "/notify"
    let loop = try EventLoop()
    let complaints = Complaints()
    let notifier = try Notifier(loop, address: path, journal: .to { complaints.add($0, $1, $2) })
    notifier.send("N=0")
    let memory = try TestMemory(pages: 1)
    try notifier.send("N=1", with: memory.descriptor.rawValue)
    notifier.send("STATUS=a", about: .status)
    notifier.send("N=2")
    notifier.send("STATUS=b", about: .status)
    notifier.send("WATCHDOG=1", about: .watchdog)
    #expect(notifier.takeBack(.watchdog) && !notifier.takeBack(.watchdog))
    #expect(notifier.waitingCount == 4)
    _ = try loop.turn(timeout: 10_000_000)
    // It says once that there is nobody.
    #expect(complaints.kinds == [.notifyFailed])

    for round in 0..<2 {
      let manager = try FakeManager(path: path)
      if round == 1 { notifier.send("N=3") }
      while notifier.waitingCount > 0 { _ = try loop.turn(timeout: 10_000_000) }
      let messages = manager.all()
      #expect(messages.map(\.text) == [["N=0", "N=1", "STATUS=b", "N=2"], ["N=3"]][round])
      if round == 0 { #expect(messages[1].descriptors?.count == 1) }
      _ = unsafe unlink(path)
    }
    _ = unsafe rmdir(folder)
  }

  private final class Complaints: @unchecked Sendable {
    // Written and read by the test's thread, which runs the loop.
    var kinds: [Journal.Kind] = []
    func add(_ kind: Journal.Kind, _: String, _: [String]) { kinds.append(kind) }
  }

  @Test func `A daemon tells its manager that it is ready, its state, that it lives, and that it ends`()
    throws
  {
    let keeper = try StoreKeeper()
    defer { keeper.end() }
    let daemon = try TestDaemon { $0.notifyAddress = keeper.manager.address }
    let client = try daemon.connect()
    #expect(isResult(try client.call("ioas.alloc"), of: "c"))
    while keeper.said.count < 2 { sched_yield() }
    #expect(daemon.stop() == 0)
    while keeper.said.count < 3 { sched_yield() }
    let said = keeper.said
    #expect(said.first == "READY=1")
    #expect(said.dropFirst().dropLast().allSatisfy { $0.hasPrefix("STATUS=") })
    #expect(said.last == "STOPPING=1\nSTATUS=stopping")
  }

  @Test func `The watchdog is fed by the loop alone`() throws {
    let loop = try EventLoop()
    let manager = try FakeManager()
    let notifier = try Notifier(loop, address: manager.address, journal: .silent)
    let service = try ServiceManager(loop, notifier) { "fine" }
    try service.keepWatchdog(loop, period: 20_000)
    usleep(30_000)
    // The loop did not run.
    #expect(manager.next() == nil)
    var count = 0
    while count < 3 {
      _ = try loop.turn(timeout: 10_000_000)
      count += manager.all().filter { $0.text == "WATCHDOG=1" }.count
    }
    withExtendedLifetime(service) {}
  }

  @Test func `Nothing but files is taken for stored, and nothing but sockets listens`() throws {
    var inherited = ListeningSocket.Inherited()
    let file = try TestMemory(pages: 1).passed()
    try inherited.add(file, named: "m3")
    #expect(inherited.stored.map(\.name) == [StoreName(.memory, 3)])
    let other = try TestMemory(pages: 1)
    #expect(throws: StartFailure.self) { try inherited.add(other.descriptor.rawValue, named: "x3") }
    #expect(throws: StartFailure.self) { try inherited.add(other.descriptor.rawValue, named: "user") }

    let folder = try temporaryFolder()
    let path = folder + "/s.sock"
    let socket = try ListeningSocket(role: .user, path: path)
    #expect(throws: StartFailure.self) { try inherited.add(socket.descriptor.rawValue, named: "m4") }
    let copy = try socket.descriptor.duplicate()
    try inherited.add(copy.release(), named: "admin")
    #expect(inherited.count == 1 && inherited.stored.count == 1)
    #expect(inherited.take()?.role == .admin)
    _ = unsafe unlink(path)
    _ = unsafe rmdir(folder)
  }
}
