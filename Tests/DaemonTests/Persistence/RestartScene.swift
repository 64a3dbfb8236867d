// SPDX-License-Identifier: Apache-2.0

import IommuDaemon
import Testing

/// A service manager that keeps descriptors, and one daemon after the other.
final class RestartScene {
  let keeper: StoreKeeper
  let entries = Entries()
  private(set) var daemon: TestDaemon
  private let settings: (inout Daemon.Options) -> Void

  /// - Parameter settings: changes the options of all daemons.
  init(_ settings: @escaping (inout Daemon.Options) -> Void = { _ in }) throws {
    self.settings = settings
    keeper = try StoreKeeper()
    daemon = try Self.start(keeper, entries, settings)
  }

  deinit {
    _ = daemon.stop()
    keeper.end()
  }

  private static func start(
    _ keeper: StoreKeeper, _ entries: Entries, _ adjust: (inout Daemon.Options) -> Void
  ) throws -> TestDaemon {
    var options = Daemon.Options()
    try keeper.adopt(&options)
    return try TestDaemon { made in
      made.notifyAddress = options.notifyAddress
      made.stored = options.stored
      made.journal = entries.journal
      adjust(&made)
    }
  }

  /// Another daemon takes the place of this one.
  func restart(_ adjust: (inout Daemon.Options) -> Void = { _ in }) throws {
    #expect(daemon.stop() == 0)
    daemon = try Self.start(keeper, entries) {
      settings(&$0)
      adjust(&$0)
    }
  }

  /// A connection that works in the persistent context `name`.
  func open(_ name: String = "kept", client: String? = nil) throws -> TestClient {
    let made = try daemon.connect()
    let word = client.map { #","client":"\#($0)""# } ?? ""
    let answer = try made.call("context.open", #"{"name":"\#(name)","persist":true\#(word)}"#)
    #expect(isResult(answer, of: "c"), "\(answer ?? "")")
    return made
  }
}
