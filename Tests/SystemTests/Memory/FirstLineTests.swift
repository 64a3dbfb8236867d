// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@Suite struct FirstLineTests {
  /// A client that shares no code with the daemon: the protocol is what it says.
  @Test func aPythonScriptGetsItsMemoryBack() throws {
    let daemon = try DaemonProcess()
    let script = #filePath.replacing("/Memory/FirstLineTests.swift", with: "/python/first_line.py")
    let pid = try spawn(["python3", script, daemon.socketPath])
    var status: Int32 = -1
    try #require(unsafe waitpid(pid, &status, 0) == pid)
    #expect(status == 0)
    // The daemon lets go when it sees the end of the connection, which may be after the script's own.
    for _ in 0..<5000 where try daemon.heldPages() > 0 { usleep(2000) }
    #expect(try daemon.heldPages() == 0)
  }
}
