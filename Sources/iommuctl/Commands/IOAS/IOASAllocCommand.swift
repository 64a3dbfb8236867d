// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASAllocCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "alloc", abstract: "Make an empty address space.")

  @Flag(help: "Pin nothing that it maps.") var advisory = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(IOASAlloc(residency: advisory ? .advisory : .pinned))
    return Report(result, ids: ["\(result.ioas)"], .sentence("ioas \(result.ioas)"))
  }
}
