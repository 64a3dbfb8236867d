// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

import iommuctl

/// Two commands at a time: one that holds, and one that wants to unmap or looks on.
@Suite("Waiting on the command line")
struct CLIWaitingTests {
  private let daemon: CLIDaemon

  init() throws {
    daemon = try CLIDaemon()
    _ = try daemon.run(
      "iommuctl ioas alloc && iommuctl ioas map 1 --size 8K --iova 0x2000 && iommuctl access create 1")
  }

  private func holder(_ more: [String] = []) throws -> Spawned {
    let holder = try daemon.start(["access", "pin", "4", "0x2000+8K"] + more)
    _ = try holder.read(until: "yes")
    return holder
  }

  @Test("the holder is told, lets go, and the unmap is done")
  func lettingGo() throws {
    let holder = try holder()
    let unmap = try daemon.start(["ioas", "unmap", "1", "0x2000", "--wait", "60s"])
    #expect(
      try holder.read(until: "\n") == "iommuctl: an unmap waits for pin 1 of access 4, at 0x2000-0x3fff\n")
    holder.endInput()
    #expect(holder.wait() == 0)
    #expect(unmap.readAll() == "unmapped 8192 bytes (8 KiB)\n")
    #expect(unmap.wait() == 0)
  }

  @Test("who is not let through in time is told whom it waited for")
  func inVain() throws {
    let holder = try holder()
    for wait in ["0", "20ms"] {
      let text = try daemon.run("iommuctl ioas unmap 1 --all --wait \(wait)")
      #expect(
        text.hasPrefix("iommuctl: EBUSY: others hold 0x2000-0x3fff (iova); held by connection "), "\(text)")
      #expect(text.contains(" of uid \(getuid()) (1 pin of access 4, "))
      #expect(text.hasSuffix(" s)\n[1]\n"))
    }
    let json = try daemon.run("iommuctl ioas unmap 1 --all --wait 0 --json 2>/dev/null")
    #expect(json.hasPrefix(#"{"schemaVersion":1,"error":{"code":16,"message":""#), "\(json)")
    #expect(json.contains(#""errno":"EBUSY","field":"iova","holders":[{"connection":"#))
    #expect(json.contains(#","uid":\#(getuid()),"access":4,"pins":1,"held_ms":"#))
    _ = try holder.read(until: "an unmap waits")
  }

  @Test("a pin that is taken away ends the command that holds it")
  func force() throws {
    let holder = try holder()
    #expect(try daemon.run("iommuctl ioas unmap 1 --all --force") == "unmapped 8192 bytes (8 KiB)\n")
    #expect(holder.readAll() == "iommuctl: pin 1 of access 4 was taken away\n")
    #expect(holder.wait() == 1)
  }

  @Test("a command that runs with a pin is not disturbed, and its user is told")
  func whileCommandRuns() throws {
    let holder = try daemon.start(
      ["access", "pin", "4", "0x2000+8K", "--", "sh", "-c", "echo begun; read line; exit 5"])
    _ = try holder.read(until: "begun")
    _ = try daemon.run("iommuctl ioas unmap 1 --all --wait 1")
    #expect(try holder.read(until: "\n").hasPrefix("iommuctl: an unmap waits for pin 1"))
    holder.endInput()
    #expect(holder.wait() == 5)
  }

  @Test("a destroyed context ends the command that holds a pin in it")
  func destroyedContext() throws {
    let holder = try holder()
    _ = try daemon.run("iommuctl context destroy default")
    #expect(
      holder.readAll() == "iommuctl: the context was destroyed, and pin 1 of access 4 with it\n")
    #expect(holder.wait() == 1)
  }

  @Test("monitor prints the state and then one object a line")
  func monitor() throws {
    let monitor = try daemon.start(["monitor", "--count", "3"])
    #expect(
      try monitor.read(until: "\n")
        == #"{"kind":"state","seq":0,"kinds":["access.unmap_requested","pin.revoked","dma.fault","context.destroyed","context.degraded","context.frames_changed"],"unmaps":[],"faults":0,"degraded":0,"frames_changed":false}"#
        + "\n")
    let faults = try daemon.start(["monitor", "--kind", "dma.fault", "--json", "--count", "1"])
    #expect(
      try faults.read(until: "\n")
        == #"{"schemaVersion":1,"kind":"state","seq":0,"kinds":["dma.fault"],"unmaps":[],"faults":0,"degraded":0,"frames_changed":false}"#
        + "\n")
    let holder = try holder()
    _ = try daemon.run("iommuctl ioas unmap 1 --all --wait 1; iommuctl ioas unmap 1 --all --force")
    _ = try daemon.run("iommuctl device bind; iommuctl device read 5 0x1000 4")
    let lines = monitor.readAll().split(separator: "\n").map(String.init)
    #expect(lines.count == 3)
    #expect(lines.first?.hasPrefix(#"{"seq":1,"kind":"access.unmap_requested","ioas":1,"access":4,"#) == true)
    #expect(lines.dropFirst().first == #"{"seq":2,"kind":"pin.revoked","ioas":1,"access":4,"pins":[1]}"#)
    let fault = #""kind":"dma.fault","device":5,"iova":"0x1000","done":0,"write":false}"#
    #expect(lines.last == #"{"seq":3,"# + fault)
    #expect(faults.readAll() == #"{"schemaVersion":1,"seq":1,"# + fault + "\n")
    #expect(monitor.wait() == 0 && faults.wait() == 0 && holder.wait() == 1)
  }

  @Test("monitor ends when the daemon does, and knows its kinds")
  func monitorEnds() throws {
    #expect(try daemon.run("iommuctl monitor --kind nonsense 2>/dev/null") == "[64]\n")
    #expect(try daemon.run("iommuctl monitor -q 2>/dev/null") == "[64]\n")
    #expect(try daemon.run("iommuctl monitor --everywhere").contains("EPERM"))
  }

  @Test(
    "times",
    arguments: [("0", 0), ("7", 7), ("500ms", 500), ("5s", 5000), ("", nil), ("5m", nil), ("x", nil)])
  func times(_ text: String, _ expected: UInt32?) {
    #expect(Milliseconds(text)?.count == expected)
  }
}
