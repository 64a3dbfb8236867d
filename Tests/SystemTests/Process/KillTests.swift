// SPDX-License-Identifier: Apache-2.0

import Testing

/// Daemons that are killed, under a service manager that keeps their descriptors. `make soak` does it for longer.
@Suite("Kills")
struct KillTests {
  private func run(_ script: String, _ arguments: String) throws -> Int32 {
    let path = #filePath.replacing("/Process/KillTests.swift", with: "/python/\(script)")
    return try Launched("exec python3 '\(path)' --daemon '\(try built("iommud"))' \(arguments)").wait()
  }

  @Test("killed at any place where something could be lost, a daemon loses nothing")
  func killPoints() throws { #expect(try run("kill_points.py", "") == 0) }

  @Test("killed at random moments under load, a daemon loses nothing")
  func soak() throws { #expect(try run("soak.py", "--kills 20") == 0) }
}
