// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing

@Suite struct ProcessMemoryTests {
  /// The daemon has no right over the process whose memory it reads, and as root's tests run it, not even its user.
  @Test func aProcessThatForksUnmapsExecsOrExits() throws {
    let daemon = try DaemonProcess(unprivileged: true)
    let script = #filePath.replacing(
      "/Memory/ProcessMemoryTests.swift", with: "/python/process_memory.py")
    let pid = try spawn(["python3", script, daemon.socketPath])
    var status: Int32 = -1
    try #require(unsafe waitpid(pid, &status, 0) == pid)
    #expect(status == 0)
    let client = try daemon.connect()
    for _ in 0..<5000 where try client.call(ServerStats()).state.descriptors > 0 { usleep(2000) }
    #expect(try client.call(ServerStats()).state.objects.memory == 0)
  }
}
