// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct AccessCreateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an access to an address space.")

  @Argument(help: "Address space.") var ioas: UInt32
  @Flag(help: "It will never pin, so what is mapped need not be page-aligned.") var noPins = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(AccessCreate(ioas: ioas, pins: !noPins))
    return Report(result, ids: ["\(result.access)"], .sentence("access \(result.access)"))
  }
}
