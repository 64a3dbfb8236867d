// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Runs a command until it ends.
enum ChildProcess {
  /// The descriptor number that a command finds what it is passed at.
  static let passedDescriptor: Int32 = 3

  /// Runs `command`, which is found in PATH, and waits. As a shell does, this process lets the command have
  /// SIGINT and SIGQUIT.
  ///
  /// - Parameters:
  ///   - passing: a descriptor for it to find at ``passedDescriptor``.
  ///   - watch: what to look out for meanwhile.
  /// - Throws: ``Problem/ended(_:)`` when it fails: its status, or 128 and the signal that ended it.
  static func run(_ command: [String], passing: Int32? = nil, watch: PinWatch? = nil) throws(Problem) {
    let previous = [SIGINT, SIGQUIT].map { ($0, signal($0, SIG_IGN)) }
    defer {
      for place in previous.indices { _ = signal(previous[place].0, previous[place].1) }
    }
    let interruption = try Interruption([SIGCHLD])
    defer { _ = signal(SIGCHLD, SIG_DFL) }
    let process = try spawn(command, passing)
    var status: Int32 = 0
    while true {
      let ended = unsafe waitpid(process, &status, WNOHANG)
      if ended == process { break }
      guard ended == 0 || errno == EINTR else { throw .failed("cannot wait: \(errorText(errno))") }
      if ended == 0 {
        try interruption.wait(watchesInput: false, watch)
      }
    }
    // As WIFSIGNALED, WTERMSIG and WEXITSTATUS have it, which are macros.
    let code = status & 0x7f != 0 ? 128 + (status & 0x7f) : (status >> 8) & 0xff
    if code != 0 { throw .ended(code) }
  }

  private static func spawn(_ command: [String], _ passing: Int32?) throws(Problem) -> pid_t {
    var attributes = posix_spawnattr_t()
    var actions = unsafe posix_spawn_file_actions_t()
    var defaults = sigset_t()
    unsafe posix_spawnattr_init(&attributes)
    unsafe posix_spawn_file_actions_init(&actions)
    defer {
      unsafe posix_spawnattr_destroy(&attributes)
      unsafe posix_spawn_file_actions_destroy(&actions)
    }
    unsafe sigemptyset(&defaults)
    unsafe sigaddset(&defaults, SIGINT)
    unsafe sigaddset(&defaults, SIGQUIT)
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    if let passing {
      unsafe posix_spawn_file_actions_adddup2(&actions, passing, passedDescriptor)
    }
    var words: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) } + [nil]
    defer {
      for place in unsafe words.indices { unsafe free(words[place]) }
    }
    var process: pid_t = 0
    guard let name = command.first else { throw .usage("missing a command after --") }
    let status = unsafe posix_spawnp(&process, name, &actions, &attributes, &words, environ)
    guard status == 0 else { throw .failed("cannot run '\(name)': \(errorText(status))") }
    return process
  }
}
