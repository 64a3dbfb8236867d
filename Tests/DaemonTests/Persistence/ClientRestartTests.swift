// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuClient
import IommuDaemon
import Testing

/// The client library at work while one daemon takes the place of another.
@Suite struct ClientRestartTests {
  /// What a client has got so far.
  private final class Progress: @unchecked Sendable {
    private let lock = Lock()
    private var ids: [UInt32] = []
    private var reconnections: [Reconnection] = []
    private var failure: String?

    func note(_ id: UInt32) { locked { ids.append(id) } }
    func note(_ reconnection: Reconnection) { locked { reconnections.append(reconnection) } }
    func fail(_ error: any Error) { locked { failure = "\(error)" } }

    var state: (ids: [UInt32], reconnections: [Reconnection], failure: String?) {
      locked { (ids, reconnections, failure) }
    }

    private func locked<R>(_ body: () -> R) -> R {
      lock.lock()
      defer { lock.unlock() }
      return body()
    }
  }

  private static func work(_ path: String, _ progress: Progress, rounds: Int) throws {
    let client = try Client.connect(to: path, reconnecting: Reconnecting(context: "busy", client: "worker"))
    client.onReconnect = { progress.note($0) }
    let memory = try client.call(IOASAlloc()).ioas
    progress.note(memory)
    for _ in 0..<rounds {
      let pending = try (0..<8).map { _ in try client.send(IOASAlloc()) }
      for one in pending { progress.note(try client.receive(one).result.ioas) }
    }
  }

  @Test func `changes that are on their way over restarts are done once each`() throws {
    let rounds = 150
    let folder = try temporaryFolder()
    defer { _ = unsafe rmdir(folder) }
    let listen = ListenAddress(role: .user, path: "\(folder)/user.sock")
    let scene = try RestartScene { $0.listen.append(listen) }
    let progress = Progress()
    let thread = Thread { [path = listen.path] in
      do { try Self.work(path, progress, rounds: rounds) } catch { progress.fail(error) }
    }
    try #require(thread != nil)
    for part in 1...5 {
      while progress.state.ids.count < part * rounds, progress.state.failure == nil { usleep(200) }
      try scene.restart()
    }
    thread?.join()
    let (ids, reconnections, failure) = progress.state
    #expect(failure == nil)
    // In the order in which they were asked for, and none for nobody.
    #expect(ids == (1...UInt32(8 * rounds + 1)).map { $0 })
    #expect(reconnections.count == 5)
    #expect(reconnections.allSatisfy { $0.uncertain == 0 && $0.resent > 0 }, "\(reconnections)")
    let client = try Client.connect(to: listen.path)
    let opened = try client.call(ContextOpen("busy", create: false))
    #expect(opened.objects == UInt64(ids.count))
  }
}
