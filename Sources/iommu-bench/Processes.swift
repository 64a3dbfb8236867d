// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Throws when `status` is a -errno.
func check(_ status: Int32, _ what: String) throws {
  guard status < 0 else { return }
  throw BenchError("\(what) (\(Errno(-status)))")
}

/// A folder that goes with everything in it.
final class TemporaryFolder {
  let path: String

  init() throws {
    var name = Array("/tmp/iommu-bench.XXXXXX".utf8CString)
    guard unsafe mkdtemp(&name) != nil else {
      throw BenchError("cannot make a temporary folder (\(Errno.current))")
    }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // Nothing but sockets and redis's own files lie there, no folders.
    if let folder = unsafe opendir(path) {
      while let entry = unsafe readdir(folder) {
        let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        unsafe unlink(path + "/" + name)
      }
      unsafe closedir(folder)
    }
    unsafe rmdir(path)
  }
}

/// A process that ends with its owner.
final class ChildProcess {
  let pid: pid_t
  private var isGone = false

  /// Starts `arguments[0]`, looked for in $PATH when it has no slash; what it prints is dropped.
  init(_ arguments: [String]) throws {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for number in [0, 1, 2] as [Int32] {
      unsafe posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
    }
    let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer { for at in arguments.indices { unsafe free(words[at]) } }
    var pid = pid_t()
    let status = unsafe posix_spawnp(&pid, arguments[0], &actions, nil, words, environ)
    guard status == 0 else { throw BenchError("cannot start \(arguments[0]) (\(Errno(status)))") }
    self.pid = pid
  }

  /// Whether it has ended by itself.
  var hasEnded: Bool {
    if !isGone { isGone = waitpid(pid, nil, WNOHANG) == pid }
    return isGone
  }

  deinit {
    guard !hasEnded else { return }
    kill(pid, SIGTERM)
    waitpid(pid, nil, 0)
  }
}

/// Calls `connect` until it works; gives up when `child` has ended or after 10 s.
func connecting<R: ~Copyable>(to child: ChildProcess, _ connect: () throws -> R) throws -> R {
  let start = now()
  while true {
    do {
      return try connect()
    } catch {
      guard !child.hasEnded, now() - start < 10_000_000_000 else { throw error }
      usleep(100)
    }
  }
}
