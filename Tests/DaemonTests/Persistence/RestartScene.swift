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

  /// Something of everything.
  func fill(_ client: TestClient) throws {
    for (method, parameters) in [
      ("ioas.alloc", "{}"), ("ioas.alloc", #"{"residency":"advisory"}"#),
      ("device.bind", #"{"name":"nic","reserved":[{"first":"0xfee00000","last":"0xfeefffff"}]}"#),
      ("device.bind", #"{"format":"flat","dirty_tracking":true}"#),
      ("device.attach", #"{"device":3,"to":1}"#),
      ("object.destroy", #"{"id":6}"#),
      ("ioas.map", #"{"ioas":1,"length":65536,"iova":"0x10000","source":{"kind":"new"}}"#),
      ("hwpt.alloc", #"{"device":4,"ioas":2,"dirty_tracking":true}"#),
    ] {
      let answer = try client.call(method, parameters)
      #expect(isResult(answer, of: "c") || method == "object.destroy", "\(method): \(answer ?? "")")
    }
    for (method, parameters) in [
      ("access.create", #"{"ioas":1,"pins":true}"#),
      ("access.write", #"{"access":9,"iova":"0x11000","data":"aGVsbG8="}"#),
      ("ioas.copy", #"{"src_ioas":1,"src_iova":"0x12000","length":8192,"dst_ioas":2,"iova":"0x700000"}"#),
      ("ioas.unmap", #"{"ioas":2,"all":true}"#),
      ("ioas.copy", #"{"src_ioas":1,"src_iova":"0x12000","length":8192,"dst_ioas":2,"iova":"0x500000"}"#),
      ("ioas.reserve", #"{"ioas":2,"first":"0x1000","last":"0x1fff"}"#),
      ("ioas.allow_iovas", #"{"ioas":1,"ranges":[{"first":"0x1000000","last":"0x1ffffff"}]}"#),
    ] {
      let answer = try client.call(method, parameters)
      #expect(isResult(answer, of: "c"), "\(method): \(answer ?? "")")
    }
  }
}

extension TestDaemon {
  /// The named contexts.
  var list: String {
    guard let answer = try? connect(.admin).call("context.list"),
      let start = answer.firstRange(of: #""items":["#)
    else { return "?" }
    return String(answer[start.upperBound...].prefix { $0 != "]" })
  }
}
