// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import IommuBase
import IommuClient
import IommuDaemon
import IommuWire
import Testing

/// The whole daemon in this process, on a socket of its own, for as long as the object lives.
final class Served {
  let path: String
  private let stop: @Sendable () -> Void
  private let ended = DispatchSemaphore(value: 0)

  init() throws {
    var template = Array("/tmp/iommud-served.XXXXXX".utf8CString)
    let folder = unsafe template.withUnsafeMutableBufferPointer { name -> String? in
      guard let base = name.baseAddress, let made = unsafe mkdtemp(base) else { return nil }
      return unsafe String(cString: made)
    }
    path = try #require(folder) + "/user.sock"
    var options = Daemon.Options()
    options.listen = [ListenAddress(path: path)]
    let start = Start()
    Threads.run { [options, ended] in
      do throws(StartFailure) {
        let limits = QuotaLimits(memory: 16 << 30, descriptors: ProcessBudget.descriptors())
        let daemon = try Daemon(options) { ground in
          let services = Services(
            quotas: Quotas(limits), traffic: ground.traffic,
            background: { [unowned workshop = ground.workshop] in workshop.runInBackground($0, $1) })
          TestFrames.apply(to: services)
          return Daemon.Rooms(routes: services.makeRoutes(), keeper: services)
        }
        start.stop = daemon.stopper
        start.known.signal()
        _ = daemon.run()
      } catch {
        start.known.signal()
      }
      ended.signal()
    }
    start.known.wait()
    stop = try #require(start.stop)
  }

  deinit {
    stop()
    ended.wait()
    if let slash = path.lastIndex(of: "/") { _ = unsafe rmdir(String(path[..<slash])) }
  }

  /// Written by the daemon's thread before it signals, and read after that.
  private final class Start: @unchecked Sendable {
    let known = DispatchSemaphore(value: 0)
    var stop: (@Sendable () -> Void)?
  }

  func connect() throws -> Client { try Client.connect(to: path) }

  /// What is held once it is as `wanted` says: what belongs to no request is done when the daemon gets to it.
  func state(_ wanted: (ServerStats.State) -> Bool) throws -> ServerStats.State {
    let client = try connect()
    while true {
      let state = try client.call(ServerStats()).state
      if wanted(state) { return state }
      sched_yield()
    }
  }
}

/// Threads that a test makes, none of which belongs to a pool.
enum Threads {
  static func run(_ body: @escaping @Sendable () -> Void) {
    DispatchQueue(label: "test", attributes: .concurrent).async(execute: body)
  }

  /// Runs `body` on `count` threads at once and answers when all have ended.
  static func all(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      run {
        body(number)
        group.leave()
      }
    }
    group.wait()
  }
}
