// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing

/// A program that a test has started, with descriptors and surroundings of the test's choice.
final class Launched {
  let pid: pid_t
  private var status: Int32?

  /// - Parameters:
  ///   - script: for the shell.
  ///   - descriptors: which of ours the program finds as which.
  init(_ script: String, descriptors: [(ours: Int32, theirs: Int32)] = []) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    // Far from the numbers that they are to have, so that none overwrites another.
    let copies = descriptors.map { fcntl($0.ours, F_DUPFD_CLOEXEC, 500) }
    defer { for copy in copies { close(copy) } }
    for (copy, descriptor) in zip(copies, descriptors) {
      unsafe posix_spawn_file_actions_adddup2(&actions, copy, descriptor.theirs)
    }
    let arguments = ["sh", "-c", script]
    let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { for at in 0..<3 { unsafe free(words[at]) } }
    var pid = pid_t()
    let status = unsafe posix_spawnp(&pid, "sh", &actions, nil, words, environ)
    try #require(status == 0)
    self.pid = pid
  }

  deinit {
    if status == nil {
      kill(pid, SIGKILL)
      _ = wait()
    }
  }

  /// Waits for the end and answers the exit status; that of a signal is negative.
  func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    unsafe waitpid(pid, &raw, 0)
    let code = raw & 0x7f == 0 ? raw >> 8 & 0xff : -(raw & 0x7f)
    status = code
    return code
  }

  func end(_ signal: Int32 = SIGTERM) -> Int32 {
    kill(pid, signal)
    return wait()
  }

  /// What its descriptors lead to, by number.
  func files() throws -> [Int: String] {
    let listing = unsafe try #require(opendir("/proc/\(pid)/fd"))
    defer { unsafe closedir(listing) }
    var found: [Int: String] = [:]
    while let entry = unsafe readdir(listing) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let number = Int(name) else { continue }
      var link = [CChar](repeating: 0, count: 256)
      let length = unsafe readlink("/proc/\(pid)/fd/\(name)", &link, link.count)
      found[number] = String(
        decoding: link.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return found
  }
}

/// A folder of one test's own.
final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/iommud-test.XXXXXX".utf8CString)
    let made = unsafe mkdtemp(&template) != nil
    try #require(made)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { unsafe rmdir(path) }
}

/// A Unix socket that is bound to `path`.
func boundSocket(_ type: __socket_type, _ path: String) throws -> OwnedDescriptor {
  let number = socket(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
  try #require(number >= 0)
  let descriptor = OwnedDescriptor(owning: number)
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
    unsafe room.copyBytes(from: Array(path.utf8).prefix(room.count - 1))
  }
  let status = unsafe withUnsafePointer(to: &address) { pointer in
    unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
      unsafe bind(number, pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  try #require(status == 0)
  if type == SOCK_STREAM { try #require(listen(number, 16) == 0) }
  return descriptor
}

/// Waits until a daemon answers at `path`.
func answeringClient(at path: String) throws -> Client {
  for _ in 0..<5000 {
    if let client = try? Client.connect(to: path), (try? client.call(ServerInfo())) != nil { return client }
    usleep(2000)
  }
  Issue.record("no daemon answers at \(path)")
  return try Client.connect(to: path)
}
