// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import Testing

/// A shell in a process of its own that reads lines and writes lines, for as long as the object lives.
final class Child {
  let pid: pid_t
  private let input: OwnedDescriptor
  private let output: OwnedDescriptor
  private var isWaitedFor = false

  /// Runs `script` and waits until it has written a line.
  init(_ script: String) throws {
    let their = try Pipe()
    let mine = try Pipe()
    var actions = unsafe posix_spawn_file_actions_t()
    try #require(unsafe posix_spawn_file_actions_init(&actions) == 0)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, their.reader.rawValue, 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, mine.writer.rawValue, 1)
    let words = unsafe ["/bin/sh", "-c", script].map { (word: String) in unsafe strdup(word) } + [nil]
    defer { for at in 0..<3 { unsafe free(words[at]) } }
    var pid = pid_t()
    try #require(unsafe posix_spawn(&pid, "/bin/sh", &actions, nil, words, environ) == 0)
    self.pid = pid
    input = their.writer
    output = mine.reader
    try awaitLine()
  }

  private struct Pipe: ~Copyable {
    let reader: OwnedDescriptor
    let writer: OwnedDescriptor

    init() throws {
      var ends: [Int32] = [0, 0]
      try #require(unsafe pipe(&ends) == 0)
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      reader = OwnedDescriptor(owning: ends[0])
      writer = OwnedDescriptor(owning: ends[1])
    }
  }

  deinit { end() }

  /// Ends it, and waits until it has.
  func end() {
    guard !isWaitedFor else { return }
    isWaitedFor = true
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }

  /// Gives it a line to read.
  func goOn() throws {
    let done = unsafe [UInt8(10)].withUnsafeBytes { unsafe write(input.rawValue, $0.baseAddress, 1) }
    try #require(done == 1)
  }

  func awaitLine() throws {
    var byte: UInt8 = 0
    repeat {
      let got = unsafe read(output.rawValue, &byte, 1)
      try #require(got == 1, "the child has ended")
    } while byte != 10
  }

  /// Its memory, as it would open it itself.
  func memory(_ flags: Int32 = O_RDWR) throws -> Int32 {
    let number = unsafe open("/proc/\(pid)/mem", flags | O_CLOEXEC)
    try #require(number >= 0)
    return number
  }

  /// The first address of the mapping whose line in /proc/PID/maps ends like this, or of the first of all.
  func address(of name: String = "") throws -> UInt64 {
    let file = unsafe open("/proc/\(pid)/maps", O_RDONLY | O_CLOEXEC)
    try #require(file >= 0)
    let descriptor = OwnedDescriptor(owning: file)
    var text: [UInt8] = []
    while true {
      var room = [UInt8](repeating: 0, count: 4096)
      let count = unsafe room.withUnsafeMutableBytes {
        unsafe read(descriptor.rawValue, $0.baseAddress, 4096)
      }
      guard count > 0 else { break }
      text += room.prefix(count)
    }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
    let line = try #require(lines.first { $0.hasSuffix(name) })
    return try #require(UInt64(line.prefix { $0 != "-" }, radix: 16))
  }
}
