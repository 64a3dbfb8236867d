// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A daemon of its own in a folder of its own, and the command line that talks to it.
final class CLIDaemon {
  /// The folder of this build's programs: that of the program that runs the tests.
  static func programs() throws -> String {
    guard let path = unsafe realpath("/proc/self/exe", nil) else { throw Spawned.Failure(text: "no /proc") }
    defer { unsafe free(path) }
    let parts = unsafe String(cString: path).split(separator: "/").dropLast()
    return "/" + parts.joined(separator: "/")
  }

  let folder: String
  private let daemon: Spawned

  /// - Parameter traces: whether everything is recorded in the file `trace` of the folder; there is an admin's socket
  ///   then too.
  init(traces: Bool = false) throws {
    var template = Array("/tmp/iommuctl-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Spawned.Failure(text: "no folder") }
    folder = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    let listen = "user:\(folder)/socket"
    let more = traces ? ["--listen", "admin:\(folder)/admin", "--trace", "\(folder)/trace"] : []
    daemon = try Spawned(["\(try Self.programs())/iommud", "--listen", listen] + more, [:])
    // It says so once it listens, and little afterwards.
    _ = try daemon.read(until: "ready")
  }

  /// Ends the daemon; answers its exit status.
  @discardableResult
  func stop() -> Int32 {
    daemon.signal(SIGTERM)
    return daemon.wait()
  }

  deinit {
    stop()
    _ = try? run("rm -rf \(folder)")
  }

  /// The environment of commands: nothing of the machine's that would show.
  private func environment(_ more: [String: String]) throws -> [String: String] {
    let path = "\(try Self.programs()):/usr/local/bin:/usr/bin:/bin"
    return ["PATH": path, "IOMMUD_SOCKET": "\(folder)/socket"].merging(more) { $1 }
  }

  /// What `line`, run by a shell, writes to both outputs, with its exit status where that is not 0.
  func run(_ line: String, _ more: [String: String] = [:]) throws -> String {
    let shell = try Spawned(["/bin/sh", "-c", "cd \(folder) && \(line)"], try environment(more))
    let text = shell.readAll()
    let status = shell.wait()
    return text + (status == 0 ? "" : "[\(status)]\n")
  }

  /// A command that goes on until it is told to end.
  func start(_ arguments: [String]) throws -> Spawned {
    try Spawned(["\(try Self.programs())/iommuctl"] + arguments, try environment([:]), feeds: true)
  }

  /// Runs every line of `session` that begins with `$ `, and compares what comes out with what follows it.
  func check(
    _ session: String, _ more: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    var lines = session.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let command = lines.popFirst() {
      let rest = lines.prefix { !$0.hasPrefix("$ ") }
      lines = lines.dropFirst(rest.count)
      let expected = rest.map { $0 + "\n" }.joined()
      // What differs from one machine to another.
      let actual = try run(String(command.dropFirst(2)), more).replacing(folder, with: "FOLDER")
        .replacing("uid \(getuid())", with: "uid N")
      // Output need not end with a newline, where it is memory.
      #expect(
        actual == expected || actual + "\n" == expected, "\(command)\n\(actual)",
        sourceLocation: sourceLocation)
    }
  }
}
