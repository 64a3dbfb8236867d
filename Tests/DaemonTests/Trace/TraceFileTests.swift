// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite struct TraceFileTests {
  @Test func `The file is its owner's alone, and no other is ever touched`() throws {
    let folder = try temporaryFolder()
    let path = folder + "/trace"
    let names = [path, path + ".1", path + ".2"]
    defer {
      for name in names { _ = unsafe unlink(name) }
      _ = unsafe rmdir(folder)
    }
    // A link that leads nowhere yet, which opening would make a file of.
    try #require(unsafe symlink(folder + "/elsewhere", names[0]) == 0)
    let files = [try TraceFile(path), try TraceFile(path)]
    #expect(files.map(\.path) == Array(names[1...]))
    #expect(unsafe access(folder + "/elsewhere", F_OK) != 0)
    for name in names[1...] {
      var facts = stat()
      try #require(unsafe stat(name, &facts) == 0)
      #expect(facts.st_mode & 0o7777 == 0o600 && facts.st_size == 0)
    }
  }

  @Test func `A daemon whose trace cannot be made does not start, and says why`() throws {
    let failure = #expect(throws: StartFailure.self) {
      _ = try TestDaemon { $0.trace = "/nonexistent/trace" }
    }
    #expect(failure?.description == "cannot make the trace /nonexistent/trace: ENOENT")
  }

  @Test func `A full disk ends the trace and nothing else`() throws {
    let entries = Entries()
    let loop = try EventLoop()
    let number = unsafe open("/dev/full", O_WRONLY | O_CLOEXEC)
    try #require(number >= 0)
    let file = TraceFile(owning: OwnedDescriptor(owning: number), path: "/dev/full")
    let tracer = Tracer(loop, file, entries.journal)
    for _ in 0..<3 {
      tracer.opened(SessionID(rawValue: 1), Peer(uid: 1), .user)
      tracer.flush()
    }
    _ = try loop.turn(timeout: 0)
    let said = entries.of(.traceEnded)
    #expect(said.map(\.message) == ["the trace ends, since nothing can be written to /dev/full: ENOSPC"])
    #expect(said.first?.fields == ["ERRNO=\(ENOSPC)"])
  }

  @Test func `What was recorded is in the file after the next turn of the loop`() throws {
    let folder = try temporaryFolder()
    let loop = try EventLoop()
    let file = try TraceFile(folder + "/trace")
    defer {
      _ = unsafe unlink(file.path)
      _ = unsafe rmdir(folder)
    }
    let tracer = Tracer(loop, file, .silent)
    tracer.opened(SessionID(rawValue: 7), Peer(uid: 1), .admin)
    #expect(try contents(of: file.path).isEmpty)
    _ = try loop.turn(timeout: 0)
    #expect(try traceRecords(at: file.path).outline == ["open 7"])
    withExtendedLifetime(tracer) {}
  }
}
