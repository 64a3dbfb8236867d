// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import IommuClient

struct Replay: OptionedCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run what `iommud --trace` has recorded again, and print what is answered differently.",
    discussion: """
      The daemon has to be as the recorded one was at its start: a fresh one. Files that were passed are made \
      anew, full of zeroes. With --quiet the numbers of lines with differences are printed. Exit status: 0 when \
      everything is the same; 1 when something is not.
      """)

  @Argument(help: "The trace.", completion: .file()) var file: String
  @Option(
    name: .customLong("at"),
    help: ArgumentHelp(
      "Socket for connections that came by that of this role, `admin` or `observer`; may be given often.",
      valueName: "role:path"))
  var sockets: [RoleSocket] = []
  @Option(
    help: ArgumentHelp(
      "How much later than in the trace an answer may come, such as 500ms or 5s. (default: 10s)",
      valueName: "time"))
  var wait: Milliseconds?
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func run() throws {
    let sockets = try check()
    var reader = try TraceReader(file)
    var progress = Progress("replaying", total: reader.size)
    var replayer = Replayer(sockets, patience: wait?.count ?? 10_000)
    while let entry = try reader.next() {
      try replayer.replay(entry)
      progress.advance(by: entry.length)
    }
    var outcome = replayer.outcome
    outcome.brokenOff = reader.brokenOff
    let style = Style.standardOutput
    let lines = outcome.items.map { "\($0.line)" }
    try options.show(
      Report(outcome, ids: lines, .findings(outcome.table(width: style.width), outcome.summary)))
    if !outcome.items.isEmpty { throw Problem.ended(1) }
  }

  /// Reads all of the trace before anything of it is done, and answers the sockets of its roles.
  private func check() throws(Problem) -> [Role: String] {
    var given: [Role: String] = [.user: options.socket ?? SocketPath.standard()]
    for socket in sockets { given[socket.role] = socket.path }
    var reader = try TraceReader(file)
    var users: Set<UInt32> = []
    while let entry = try reader.next() {
      guard let role = entry.record.role else { continue }
      guard given[role] != nil else {
        let connection =
          "\(reader.name), line \(entry.line): a connection came by the socket of role \(role.rawValue)"
        throw .usage("\(connection); say with --at \(role.rawValue):PATH where that is")
      }
      if let uid = entry.record.uid { users.insert(uid) }
    }
    let own = geteuid()
    if users.contains(where: { $0 != own }) {
      let all = users.sorted().map(String.init).joined(separator: ", ")
      printError("iommuctl: the trace is of uid \(all), and everything in it is done as uid \(own)")
    }
    if let line = reader.brokenOff {
      printError("iommuctl: the trace ends in the middle of line \(line), which is left out")
    }
    return given
  }
}
