// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the address spaces of the context.")

  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report { try ObjectListCommand.report(daemon, .ioas) }
}
