// SPDX-License-Identifier: Apache-2.0

import Foundation
import IommuClient
import Testing

/// They change the process's environment, so one at a time.
@Suite(.serialized) struct SocketPathTests {
  private func with(_ variables: [String: String], _ body: () throws -> Void) rethrows {
    let names = ["IOMMUD_SOCKET", "XDG_RUNTIME_DIR"]
    let before = ProcessInfo.processInfo.environment
    for name in names {
      if let value = variables[name] { unsafe setenv(name, value, 1) } else { unsafe unsetenv(name) }
    }
    defer {
      for name in names {
        if let value = before[name] { unsafe setenv(name, value, 1) } else { unsafe unsetenv(name) }
      }
    }
    try body()
  }

  @Test func candidates() {
    with([:]) { #expect(SocketPath.candidates() == ["/run/iommud/user.sock"]) }
    with(["XDG_RUNTIME_DIR": "/x"]) {
      #expect(SocketPath.candidates() == ["/x/iommud/user.sock", "/run/iommud/user.sock"])
    }
    with(["XDG_RUNTIME_DIR": "/x", "IOMMUD_SOCKET": "/y"]) { #expect(SocketPath.candidates() == ["/y"]) }
    with(["XDG_RUNTIME_DIR": "", "IOMMUD_SOCKET": ""]) {
      #expect(SocketPath.candidates() == ["/run/iommud/user.sock"])
    }
  }

  @Test func theFirstThatExists() throws {
    let folder = NSTemporaryDirectory() + "iommud-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder + "/iommud", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    with(["XDG_RUNTIME_DIR": folder]) { #expect(SocketPath.standard() == "/run/iommud/user.sock") }
    _ = FileManager.default.createFile(atPath: folder + "/iommud/user.sock", contents: nil)
    with(["XDG_RUNTIME_DIR": folder]) { #expect(SocketPath.standard() == folder + "/iommud/user.sock") }
    with(["IOMMUD_SOCKET": "/nonexistent"]) { #expect(SocketPath.standard() == "/nonexistent") }
  }
}
