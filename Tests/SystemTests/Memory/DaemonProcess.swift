// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient
import Testing

/// The real iommud in a process and a folder of its own, gone with its owner.
final class DaemonProcess {
  let socketPath: String
  private let folder: Folder
  private let pid: pid_t

  /// - Parameters:
  ///   - unprivileged: as a user who may nothing, where the tests themselves run as root.
  ///   - before: a command that starts another one, to be run before that.
  init(unprivileged: Bool = false, before: [String] = [], _ arguments: [String] = []) throws {
    folder = try Folder()
    socketPath = folder.path + "/user.sock"
    var words = [try built("iommud"), "--listen", "user:" + socketPath] + arguments
    if unprivileged, getuid() == 0 {
      try #require(unsafe chmod(folder.path, 0o777) == 0)
      words = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"] + words
    }
    words = before + words
    pid = try spawn(words)
    try waitUntilItAnswers()
  }

  deinit {
    kill(pid, SIGTERM)
    waitpid(pid, nil, 0)
    unsafe unlink(socketPath)
  }

  func connect() throws -> Client { try Client.connect(to: socketPath) }

  private func waitUntilItAnswers() throws {
    var last: ClientError?
    // A connection is the event; until there is a socket, there is nothing to wait on but time.
    for _ in 0..<5000 {
      do throws(ClientError) {
        _ = try Client.connect(to: socketPath).call(ServerInfo())
        return
      } catch {
        last = error
      }
      usleep(2000)
    }
    Issue.record("iommud does not answer: \(last.map(\.description) ?? "")")
  }

  /// A line of the daemon's /proc/PID/status, its first number.
  func status(_ name: String) throws -> Int {
    let file = unsafe open("/proc/\(pid)/status", O_RDONLY | O_CLOEXEC)
    try #require(file >= 0, "iommud has ended")
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    let text = String(decoding: bytes.prefix(max(got, 0)), as: UTF8.self)
    let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + ":") })
    let words = line.split { $0 == " " || $0 == "\t" }
    return try #require(words.count > 1 ? Int(words[1]) : nil)
  }

  /// Pages that the kernel holds for the daemon, by whatever means it allows.
  func heldPages() throws -> Int { (try status("VmPin") + status("VmLck")) / 4 }

  /// Open descriptors of the daemon.
  func descriptorCount() throws -> Int {
    let listing = unsafe try #require(opendir("/proc/\(pid)/fd"))
    defer { unsafe closedir(listing) }
    var count = 0
    while unsafe readdir(listing) != nil { count += 1 }
    return count
  }
}

/// The path of a program that was built with these tests.
func built(_ name: String) throws -> String {
  let own = unsafe realpath("/proc/self/exe", nil)
  defer { unsafe free(own) }
  let path = unsafe String(cString: try #require(own))
  let end = try #require(path.lastIndex(of: "/"))
  return path[..<end] + "/" + name
}

/// Starts a program, looked for in $PATH when its name has no slash.
func spawn(_ arguments: [String]) throws -> pid_t {
  let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
  defer { for at in arguments.indices { unsafe free(words[at]) } }
  var pid = pid_t()
  let status = unsafe posix_spawnp(&pid, arguments[0], nil, nil, words, environ)
  try #require(status == 0, "\(arguments[0]): \(Errno(status))")
  return pid
}

/// A memfd with `pages` pages, each filled with its number.
func filledMemfd(pages: Int, seals: Int = 0) throws -> OwnedDescriptor {
  let number = unsafe iommu_memfd_create("test", UInt32(IOMMU_HUGE_NONE))
  try #require(number >= 0)
  let memfd = OwnedDescriptor(owning: number)
  for page in 0..<pages {
    let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: page), count: 4096)
    let done = unsafe bytes.withUnsafeBytes {
      unsafe iommu_pwrite_all(number, $0.baseAddress, 4096, UInt64(page) * 4096)
    }
    try #require(done == 4096)
  }
  if seals != 0 { try #require(iommu_add_seals(number, UInt32(seals)) == 0) }
  return memfd
}
