// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing

@Suite struct DaemonProcessTests {
  @Test(arguments: [SIGTERM, SIGINT])
  func `A signal ends it in good order`(_ signal: Int32) throws {
    let folder = try Folder()
    let path = folder.path + "/user.sock"
    let daemon = try Launched("exec \(try built("iommud")) --listen \(path) 2>/dev/null")
    let client = try answeringClient(at: path)
    #expect(try client.call(IOASAlloc()).ioas == 1)
    #expect(daemon.end(signal) == 0)
    #expect(unsafe access(path, F_OK) != 0)
    #expect(throws: ClientError.self) { _ = try client.call(ServerInfo()) }
  }

  @Test func `Without any socket it says so`() throws {
    let daemon = try Launched("exec \(try built("iommud")) 2>/dev/null")
    #expect(daemon.wait() == 1)
  }

  @Test func `It takes over sockets with their roles, and no other descriptor`() throws {
    let folder = try Folder()
    let paths = ["admin", "observer"].map { "\(folder.path)/\($0).sock" }
    let admin = try boundSocket(SOCK_STREAM, paths[0])
    let observer = try boundSocket(SOCK_STREAM, paths[1])
    var ends: [Int32] = [0, 0]
    try #require(unsafe pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    defer {
      close(reading)
      close(writing)
    }
    let daemon = try Launched(
      """
      LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=admin:observer; export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
      exec \(try built("iommud")) 2>/dev/null
      """,
      descriptors: [
        (admin.rawValue, 3), (observer.rawValue, 4), (reading, 8), (writing, 9),
      ])
    #expect(try answeringClient(at: paths[0]).call(ServerInfo()).role == .admin)
    #expect(try answeringClient(at: paths[1]).call(ServerInfo()).role == .observer)
    #expect(try !daemon.files().contains { $0.key > 2 && $0.value.hasPrefix("pipe:") })
    #expect(daemon.end() == 0)
    // They are the service manager's, who starts it again when somebody comes.
    for path in paths { #expect(unsafe unlink(path) == 0) }
  }

  @Test func `A socket with a name that is no role is not served`() throws {
    let folder = try Folder()
    let path = folder.path + "/other.sock"
    let socket = try boundSocket(SOCK_STREAM, path)
    let daemon = try Launched(
      """
      LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=everybody; export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
      exec \(try built("iommud")) 2>/dev/null
      """, descriptors: [(socket.rawValue, 3)])
    #expect(daemon.wait() == 1)
    #expect(unsafe unlink(path) == 0)
  }

  @Test func `It tells the service manager when it is ready, how it does, and when it stops`() throws {
    let folder = try Folder()
    let (path, notices) = (folder.path + "/user.sock", folder.path + "/notify")
    let manager = try boundSocket(SOCK_DGRAM, notices)
    let daemon = try Launched(
      "NOTIFY_SOCKET=\(notices) exec \(try built("iommud")) --listen \(path) 2>/dev/null")
    func next() throws -> String {
      var entry = pollfd(fd: manager.rawValue, events: Int16(POLLIN), revents: 0)
      try #require(unsafe poll(&entry, 1, 10_000) == 1)
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = unsafe recv(manager.rawValue, &bytes, bytes.count, 0)
      return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }
    #expect(try next() == "READY=1")
    #expect(try next().hasPrefix("STATUS="))
    let client = try answeringClient(at: path)
    #expect(try client.call(IOASAlloc()).ioas == 1)
    #expect(try next().contains("1 IOAS"))
    #expect(daemon.end() == 0)
    #expect(try next().hasPrefix("STOPPING=1"))
    #expect(unsafe unlink(notices) == 0)
  }

  @Test func `Without descriptors left clients are turned away, and served again afterwards`() throws {
    let folder = try Folder()
    let path = folder.path + "/user.sock"
    let daemon = try Launched("exec \(try built("iommud")) --listen \(path) 2>/dev/null")
    let client = try answeringClient(at: path)
    // The first one takes what is opened late, such as the signal of a finished job.
    _ = try answeringClient(at: path)
    #expect(try client.call(IOASAlloc()).ioas == 1)
    let open = try #require(try daemon.files().keys.max()) + 1
    #expect(try Launched("prlimit --pid \(daemon.pid) --nofile=\(open):").wait() == 0)
    var extra: [Client] = []
    // Numbers that became free may still be taken; after them nobody gets in, and nobody hangs.
    while extra.count < 20, let next = try? Client.connect(to: path), (try? next.call(ServerInfo())) != nil {
      extra.append(next)
    }
    #expect(extra.count < 20)
    #expect(try client.call(IOASAlloc()).ioas == 2)
    #expect(try Launched("prlimit --pid \(daemon.pid) --nofile=512:").wait() == 0)
    #expect(try answeringClient(at: path).call(ServerInfo()).role == .user)
    #expect(daemon.end() == 0)
  }
}
