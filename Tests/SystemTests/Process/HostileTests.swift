// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Hostile clients")
struct HostileTests {
  /// The script attacks over the socket as anybody could, and compares what the daemon holds before and after.
  @Test("no attack changes anything, kills the daemon, or is noticed by others")
  func attacks() throws {
    let daemon = try DaemonProcess()
    let script = #filePath.replacing("/Process/HostileTests.swift", with: "/python/hostile.py")
    let attacks = try Launched("exec python3 '\(script)' '\(daemon.socketPath)'")
    #expect(attacks.wait() == 0)
    #expect(try daemon.heldPages() == 0)
  }

  /// The script is the service manager too, which keeps descriptors.
  @Test("nor does one on what outlives the daemon: contexts, keys, logs")
  func attacksOnWhatIsKept() throws {
    let script = #filePath.replacing("/Process/HostileTests.swift", with: "/python/hostile_kept.py")
    let attacks = try Launched("exec python3 '\(script)' '\(try built("iommud"))' 2>/dev/null")
    #expect(attacks.wait() == 0)
  }
}
