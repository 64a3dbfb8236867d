// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct Metrics: OptionedCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Print the daemon's counts in the text format of Prometheus.",
    discussion: "With --json it is the answer of server.stats, from which they are made.")

  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func run() throws {
    let daemon = try Daemon(options, worksInContext: false)
    let stats = try daemon.call(ServerStats())
    if options.form == .json { return try options.show(Report(stats, .sentence(""))) }
    try printLines(try MetricsOutput(stats).lines)
  }
}
