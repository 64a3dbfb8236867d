// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// A whole daemon, with the test methods, whose loop the test runs turn by turn, and clients of any user.
final class SteppedDaemon {
  let gate = Gate()
  private let daemon: Daemon

  init(_ adjust: (inout Daemon.Options) -> Void = { _ in }) throws {
    var options = Daemon.Options()
    options.journal = .silent
    adjust(&options)
    let limits = QuotaLimits(memory: 1 << 30, descriptors: 8192)
    daemon = try Daemon(options) { [gate] ground in
      let services = Services(quotas: Quotas(limits), on: ground)
      return Daemon.Rooms(routes: services.makeRoutes() + TestService(gate).routes, keeper: services)
    }
  }

  deinit {
    gate.open()
    daemon.end()
  }

  func connect(uid: UInt32, _ role: Role = .user) throws -> TestClient {
    var (near, far): (Int32, Int32) = (-1, -1)
    try #require(unsafe iommu_socketpair(&near, &far) == 0)
    _ = fcntl(far, F_SETFL, O_NONBLOCK)
    daemon.welcome(OwnedDescriptor(owning: far), Peer(uid: uid), role)
    return TestClient(Socket(owning: OwnedDescriptor(owning: near)))
  }

  /// Runs the loop until `client` has something to read, and answers how many turns that took.
  @discardableResult
  func run(until client: TestClient) throws -> Int {
    var turns = 0
    while !client.isReady(POLLIN) {
      turns += 1
      try #require(try daemon.turn(timeout: 5_000_000), "nothing happens any more")
    }
    return turns
  }

  /// One call and its answer.
  func call(_ client: TestClient, _ method: String, _ parameters: String = "{}") throws -> String? {
    try client.send(request("c", method, parameters))
    try run(until: client)
    return try client.line()
  }

  /// Runs the loop until there is nothing to do.
  func finish() throws { while try daemon.turn(timeout: 0) || !daemon.isQuiet {} }

  func turn() throws { _ = try daemon.turn(timeout: 5_000_000) }
}
