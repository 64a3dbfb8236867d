// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASRepinCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "repin",
    abstract: "Pin the memory of degraded areas again, which a restart of the daemon could not.")

  @Argument(help: "Address space.") var ioas: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(IOASRepin(ioas: ioas))
    var words = "pinned \(counted(result.repinned, "area")) of ioas \(ioas) again"
    if result.degraded > 0 {
      words += "; \(counted(result.degraded, "area")) stay degraded: \(result.reason ?? "")"
    }
    return Report(result, .sentence(words))
  }
}
