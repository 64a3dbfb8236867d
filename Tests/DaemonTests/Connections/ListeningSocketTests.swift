// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite struct ListeningSocketTests {
  private func mode(_ path: String) -> UInt32? {
    var facts = stat()
    return unsafe lstat(path, &facts) == 0 ? facts.st_mode : nil
  }

  @Test func `The socket is for its owner and group, and goes with the listener`() throws {
    let folder = try temporaryFolder()
    let path = folder + "/s.sock"
    do {
      let socket = try ListeningSocket(role: .user, path: path)
      #expect(mode(path) == S_IFSOCK | 0o660)
      #expect(fcntl(socket.descriptor.rawValue, F_GETFD) == FD_CLOEXEC)
      #expect(socket.role == .user)
    }
    #expect(mode(path) == nil)
    _ = unsafe rmdir(folder)
  }

  @Test func `A deserted socket is replaced, one in use and a file are not`() throws {
    let folder = try temporaryFolder()
    let path = folder + "/s.sock"
    do {
      let first = try ListeningSocket(role: .user, path: path)
      #expect(throws: StartFailure.self) { _ = try ListeningSocket(role: .user, path: path) }
      #expect(mode(path) != nil)
      // Whoever dies leaves the file behind; so does a socket that was renamed.
      #expect(unsafe rename(path, path + ".old") == 0)
      withExtendedLifetime(first) {}
    }
    #expect(mode(path + ".old") != nil)
    #expect(unsafe rename(path + ".old", path) == 0)
    do {
      let second = try ListeningSocket(role: .admin, path: path)
      #expect(second.role == .admin)
    }
    #expect(mode(path) == nil)

    let file = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
    close(file)
    #expect(throws: StartFailure.self) { _ = try ListeningSocket(role: .user, path: path) }
    #expect(mode(path) == S_IFREG | 0o600)
    _ = unsafe unlink(path)
    _ = unsafe rmdir(folder)
  }

  @Test func `A path has to fit`() {
    #expect(throws: StartFailure.self) {
      _ = try ListeningSocket(role: .user, path: "/tmp/" + String(repeating: "x", count: 108))
    }
    #expect(throws: StartFailure.self) { _ = try ListeningSocket(role: .user, path: "") }
  }

  @Test(arguments: [
    ("/run/a", ListenAddress(role: .user, path: "/run/a")),
    ("user:/run/a", ListenAddress(role: .user, path: "/run/a")),
    ("admin:a", ListenAddress(role: .admin, path: "a")),
    ("observer:a:b", ListenAddress(role: .observer, path: "a:b")),
    ("other:a", ListenAddress(role: .user, path: "other:a")),
    ("admin:", nil), ("", nil),
  ])
  func `An address names its role or means users`(_ text: String, _ address: ListenAddress?) {
    #expect(ListenAddress(text) == address)
  }
}
