// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import IommuClient

struct Status: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say whether the daemon answers, and what it holds.")
  static let worksInContext = false

  @Flag(help: "Say it once a second, until interrupted; on a terminal in place.") var watch = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func run() throws {
    let daemon = try Daemon(options, worksInContext: Self.worksInContext)
    let redraws = watch && isatty(STDOUT_FILENO) == 1 && options.form != .json
    while true {
      let report = try report(daemon)
      // From the top of the screen, with nothing of before below.
      if redraws { try printBytes(Array("\u{1b}[H\u{1b}[J".utf8)) }
      try options.show(report)
      if !watch { return }
      sleep(1)
    }
  }

  /// The two answers side by side.
  struct Members: IommuWire.Members {
    var info = ServerInfo.Result()
    var stats = ServerStats.Result()

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("info", &info, "as server.info answers")
      try visitor.member("stats", &stats, "as server.stats answers")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    var members = Members()
    members.info = try daemon.call(ServerInfo())
    members.stats = try daemon.call(ServerStats())
    return Report(members, .fields(Self.fields(members, socket: options.socket ?? SocketPath.standard())))
  }

  private static func fields(_ members: Members, socket: String) -> [(name: String, value: String)] {
    let (info, state) = (members.info, members.stats.state)
    let objects = state.objects
    let limit = info.pinLimit == .max ? "as much as it likes" : ByteSize(info.pinLimit).rough
    return [
      ("daemon", "iommud \(info.version), pid \(info.pid), protocol \(info.protocolVersion)"),
      ("socket", socket),
      ("caller", "uid \(info.uid), role \(info.role.rawValue), may pin \(limit)"),
      ("memory", info.residency.filter { $0 != .advisory }.map(\.rawValue).joined(separator: ", else ")),
      (
        "objects",
        "\(objects.ioas) ioas, \(objects.device) device, \(objects.hwpt) hwpt, \(objects.access) access, "
          + "\(objects.memory) memory, \(objects.pages) pages, in " + counted(state.contexts, "context")
      ),
      ("mapped", counted(state.areas, "area")),
      (
        "pinned",
        "\(counted(state.pinnedPages, "page")) (\(ByteSize(state.pinnedBytes).rough)), "
          + "\(counted(state.pins, "pin")) of accesses"
      ),
    ] + members.stats.quotas.filter { $0.used > 0 }.map { ("quota", sentence($0)) }
  }

  /// What the caller has of one quota, and may have.
  private static func sentence(_ quota: ServerStats.Quota) -> String {
    let amount = { (value: UInt64) -> String in
      quota.quota.hasSuffix("_bytes") ? ByteSize(value).rough : "\(value)"
    }
    return "\(quota.quota): \(amount(quota.used)) of \(amount(quota.limit)), all users "
      + "\(amount(quota.usedByAll)) of \(amount(quota.limitOfAll))"
  }
}
