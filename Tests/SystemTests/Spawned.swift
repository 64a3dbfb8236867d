// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// A process that a test started. Not Foundation's: that takes a daemon that closes descriptors it does not
/// know for one that has ended, and hands its own blocked signals on.
final class Spawned {
  struct Failure: Error { var text: String }

  let id: pid_t
  private var status: Int32?
  /// Where it reads from and what it writes is read from; -1 where that is not a pipe.
  private(set) var input: Int32 = -1
  private var output: Int32 = -1

  /// - Parameters:
  ///   - command: an absolute path and arguments.
  ///   - feeds: whether ``input`` is a pipe; else there is nothing to read.
  ///   - errors: whether what it writes to standard error is among what is read here.
  init(_ command: [String], _ environment: [String: String], feeds: Bool = false, errors: Bool = true) throws
  {
    var outputs: [Int32] = [-1, -1]
    var inputs: [Int32] = [-1, -1]
    // Close-on-exec from the beginning: other tests start processes at the same time.
    guard unsafe iommu_pipe(&outputs) == 0, unsafe iommu_pipe(&inputs) == 0 else {
      throw Failure(text: "no pipes")
    }
    for end in outputs + inputs { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) & ~O_NONBLOCK) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawn_file_actions_adddup2(&actions, inputs[0], 0)
    unsafe posix_spawn_file_actions_adddup2(&actions, outputs[1], 1)
    if errors { unsafe posix_spawn_file_actions_adddup2(&actions, outputs[1], 2) }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    var none = sigset_t()
    unsafe sigemptyset(&none)
    var all = sigset_t()
    unsafe sigfillset(&all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
      close(outputs[1])
      close(inputs[0])
    }
    let variables = environment.map { "\($0.key)=\($0.value)" }
    var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
    var settings: [UnsafeMutablePointer<CChar>?] = unsafe variables.map { unsafe strdup($0) } + [nil]
    defer {
      for place in unsafe words.indices { unsafe free(words[place]) }
      for place in unsafe settings.indices { unsafe free(settings[place]) }
    }
    var process: pid_t = 0
    let status = unsafe posix_spawn(&process, command[0], &actions, &attributes, &words, &settings)
    guard status == 0 else { throw Failure(text: "\(command[0]) does not run: error \(status)") }
    id = process
    output = outputs[0]
    input = inputs[1]
    if !feeds { endInput() }
  }

  deinit {
    if status == nil {
      kill(id, SIGKILL)
      _ = wait()
    }
    endInput()
    close(output)
  }

  func endInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// What it writes next; empty when it has closed its outputs.
  func read() -> String {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe Glibc.read(output, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : ""
  }

  /// What it writes until `text` is among it.
  func read(until text: String) throws -> String {
    var result = ""
    while !result.contains(text) {
      let more = read()
      guard !more.isEmpty else { throw Failure(text: "it ended without '\(text)': \(result)") }
      result += more
    }
    return result
  }

  /// What it writes until it ends.
  func readAll() -> String {
    var result = ""
    while true {
      let more = read()
      if more.isEmpty { return result }
      result += more
    }
  }

  func signal(_ number: Int32) { kill(id, number) }

  /// Its exit status, or 128 and the signal that ended it.
  func wait() -> Int32 {
    if let status { return status }
    var word: Int32 = 0
    while unsafe waitpid(id, &word, 0) < 0, errno == EINTR {}
    let code = word & 0x7f != 0 ? 128 + (word & 0x7f) : (word >> 8) & 0xff
    status = code
    return code
  }
}
