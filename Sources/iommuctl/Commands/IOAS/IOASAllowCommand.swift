// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASAllowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "allow", abstract: "Say where an address space may choose addresses itself.",
    discussion:
      "The ranges replace earlier ones; devices and reservations that would take them away are refused.")

  @Argument(help: "Address space.") var ioas: UInt32
  @Argument(help: ArgumentHelp("FIRST-LAST or FIRST+LENGTH.", valueName: "range"))
  var ranges: [AddressOrRange] = []
  @Flag(help: "Allow all addresses again.") var any = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    if any != ranges.isEmpty { throw ValidationError("Give either ranges or --any.") }
    try AddressOrRange.checkEnds(ranges)
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(IOASAllowIOVAs(ioas: ioas, ranges.compactMap(\.members)))
    let place = any ? "anywhere" : "in \(counted(UInt64(ranges.count), "range"))"
    return Report(result, .sentence("ioas \(ioas) chooses addresses \(place)"))
  }
}
