// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire

/// A whole daemon in this process, with the test methods beside its own, in a folder of its own.
final class TestDaemon: Sendable {
  let gate: Gate
  let folder: String
  private let running: RunningDaemon

  /// - Parameter adjust: changes the options.
  init(_ adjust: (inout Daemon.Options) -> Void = { _ in }) throws {
    let folder = try temporaryFolder()
    let gate = Gate()
    var options = Daemon.Options()
    options.journal = .silent
    options.listen = [.user, .observer, .admin].map {
      ListenAddress(role: $0, path: "\(folder)/\($0.rawValue).sock")
    }
    adjust(&options)
    var limits = QuotaLimits(memory: 1 << 30, descriptors: 8192)
    for setting in options.quotas { limits.apply(setting) }
    running = try RunningDaemon { [options, limits] () throws(StartFailure) in
      try Daemon(options) { ground in
        let services = Services(quotas: Quotas(limits), on: ground)
        TestFrames.apply(to: services)
        return Daemon.Rooms(
          routes: services.makeRoutes() + TestService(gate).routes, keeper: services)
      }
    }
    self.gate = gate
    self.folder = folder
  }

  deinit {
    gate.open()
    running.stop()
    _ = unsafe rmdir(folder)
  }

  func connect(_ role: Role = .user) throws -> TestClient {
    try TestClient(path: "\(folder)/\(role.rawValue).sock")
  }

  /// Waits until the daemon has ended by itself.
  func wait() -> Int32 { running.wait() }
  func stop() -> Int32 { running.stop() }
}

/// A new folder that nobody else has.
func temporaryFolder() throws -> String {
  var template = Array("/tmp/iommud-test.XXXXXX".utf8CString)
  let made = unsafe template.withUnsafeMutableBufferPointer { name -> Bool in
    guard let name = name.baseAddress else { return false }
    return unsafe mkdtemp(name) != nil
  }
  guard made else { throw Errno.current }
  return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}
