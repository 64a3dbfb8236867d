// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire

/// A whole daemon whose loop the input runs, and the clients that it has. Daemons may come and go: what is persistent is
/// what it was.
final class SessionStage {
  private let manager = SessionManager()
  private var daemon: Daemon
  private var services: Services
  private(set) var clients: [SessionClient] = []
  private var lastID = 0

  init() throws {
    (daemon, services) = try Self.start(manager)
  }

  private static func start(_ manager: SessionManager) throws -> (Daemon, Services) {
    var options = Daemon.Options()
    options.journal = .silent
    options.notifyAddress = manager.address
    options.stored = manager.stored()
    var services: Services?
    let daemon = try Daemon(options) { ground in
      let made = Services(quotas: Quotas(limits), on: ground)
      services = made
      return Daemon.Rooms(routes: made.makeRoutes(), keeper: made)
    }
    guard let services else { throw StartFailure("no services") }
    services.daemonBegins()
    return (daemon, services)
  }

  /// Small, so that sessions come to them.
  private static var limits: QuotaLimits {
    var limits = QuotaLimits(memory: 1 << 30, descriptors: 4096)
    limits[each: .connections] = 8
    limits[each: .contexts] = 4
    limits[each: .objects] = 100
    limits[each: .areas] = 300
    limits[each: .descriptors] = 60
    limits[each: .heldBytes] = 64 << 20
    limits[each: .pinnedBytes] = 8 << 20
    limits[each: .engineBytes] = 4 << 20
    return limits
  }

  // MARK: What a session does

  func connect(uid: UInt32, _ role: Role) -> SessionClient? {
    var (near, far): (Int32, Int32) = (-1, -1)
    guard unsafe iommu_socketpair(&near, &far) == 0 else { return nil }
    _ = fcntl(near, F_SETFL, O_NONBLOCK)
    _ = fcntl(far, F_SETFL, O_NONBLOCK)
    let client = SessionClient(Socket(owning: OwnedDescriptor(owning: near)))
    daemon.welcome(OwnedDescriptor(owning: far), Peer(uid: uid), role)
    clients.append(client)
    return client
  }

  func disconnect(_ place: Int) { clients.remove(at: place) }

  func nextID() -> Int {
    lastID += 1
    return lastID
  }

  /// What clients do first, or most of them.
  func begin(_ client: SessionClient, _ kind: Int) {
    if kind & 2 != 0 { call(client, "context.open", #"{"name":"a","persist":true,"client":"b"}"#) }
    if kind & 1 != 0 { furnish(client) }
  }

  /// A client that has an IOAS, a device that sees it, memory in it, and an access.
  func furnish(_ client: SessionClient) {
    let map = #"{"ioas":1,"iova":1048576,"length":65536,"source":{"kind":"fd","fd":0}}"#
    call(client, "ioas.alloc", "{}")
    call(client, "device.bind", "{}")
    call(client, "device.attach", #"{"device":2,"to":1}"#)
    call(client, "ioas.map", map, [SessionFiles.shared.numbers[0]])
    call(client, "access.create", #"{"ioas":1,"pins":true}"#)
  }

  @discardableResult
  func call(
    _ client: SessionClient, _ method: String, _ parameters: String, _ descriptors: [Int32] = []
  ) -> String {
    let fds = descriptors.isEmpty ? "" : #","fds":\#(descriptors.count)"#
    let id = nextID()
    let line = #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(parameters)\#(fds)}"#
    client.send(line + "\n", id: id, descriptors)
    settle()
    return client.lastAnswer ?? ""
  }

  /// A few turns of the loop, whatever they come to.
  func turn(_ count: Int) {
    for _ in 0..<count {
      _ = try? daemon.turn(timeout: 0)
      manager.hear()
    }
  }

  /// Runs the loop until every request is answered and nothing is under way.
  func settle() {
    var idle = 0
    while true {
      let isDone = (try? daemon.turn(timeout: 0)) == false
      manager.hear()
      for client in clients { client.read() }
      if isDone, daemon.isQuiet, !clients.contains(where: \.isWaiting) { return }
      guard isDone else { continue }
      // Workers, and unmaps that wait for a millisecond.
      idle += 1
      precondition(idle < 5000, "a request is not answered")
      _ = try? daemon.turn(timeout: 2000)
    }
  }

  /// Another daemon takes the place of this one. Only what is persistent comes back, and all of that.
  func restart() throws {
    settle()
    clients = []
    settle()
    let before = persistentContexts()
    daemon.end()
    manager.hear()
    (daemon, services) = try Self.start(manager)
    settle()
    services.contexts._checkInvariants()
    let after = persistentContexts()
    precondition(before == after, "a restart made \(after) of \(before)")
  }

  /// Owner, name and number of objects of each persistent context.
  private func persistentContexts() -> [String] {
    guard let admin = connect(uid: 0, .admin) else { return [] }
    defer {
      clients.removeLast()
      settle()
    }
    while true {
      let answer = call(admin, "context.list", #"{"limit":100}"#)
      if answer.contains(#""state":"returning""#) { continue }
      return answer.split(separator: "{").filter { $0.contains(#""persistent":true"#) }.map {
        String($0.prefix { $0 != "}" })
      }
    }
  }

  // MARK: What has to hold afterwards

  func check() {
    settle()
    services.contexts._checkInvariants()
    serveHonest()
    clients = []
    clearNames()
    settle()
    precondition(services.contexts.count == 0, "a context is left")
    precondition(services.contexts.census.objects == ServerStats.Objects(), "objects are left")
    precondition(services.contexts.census.pins == 0, "pins are left")
    for quota in Quota.allCases {
      precondition(services.contexts.quotas.use(of: quota) == 0, "\(quota.name) are left")
    }
    precondition(manager.count == 0, "descriptors are still kept")
    daemon.end()
  }

  /// Whoever keeps the rules is served, whatever others have done.
  private func serveHonest() {
    guard let client = connect(uid: 4000, .user) else { return }
    furnish(client)
    let read = call(client, "access.read", #"{"access":6,"iova":1048576,"length":3}"#)
    precondition(read.contains(#""data":""#), "an honest client is not served: \(read)")
    let unmapped = call(client, "ioas.unmap", #"{"ioas":1,"all":true}"#)
    precondition(unmapped.contains(#""unmapped":65536"#), "an honest client is not served: \(unmapped)")
  }

  /// Named contexts stay while they hold something.
  private func clearNames() {
    settle()
    guard services.contexts.count > 0, let admin = connect(uid: 0, .admin) else { return }
    // Calls that were changed may have made contexts of any name, also for others.
    var calls: [ContextDestroy] = []
    services.contexts.forEach { context in
      if let name = context.name { calls.append(ContextDestroy(name, owner: context.owner)) }
    }
    for call in calls {
      var writer = Writer()
      call.write(to: &writer)
      let text = unsafe writer.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
      self.call(admin, "context.destroy", text)
    }
    clients = []
  }
}
