// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASReserveCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "reserve", abstract: "Take addresses of an address space out of use, or give them back.")

  @Argument(help: "Address space.") var ioas: UInt32
  @Argument(help: ArgumentHelp("FIRST-LAST or FIRST+LENGTH.", valueName: "range"))
  var ranges: [AddressOrRange]
  @Flag(help: "Give back ranges that were reserved exactly so.") var release = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws { try AddressOrRange.checkEnds(ranges) }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let members = ranges.compactMap(\.members)
    let call =
      members.count == 1
      ? IOASReserve(ioas: ioas, members[0], release: release)
      : IOASReserve(ioas: ioas, ranges: members, release: release)
    let result = try daemon.call(call)
    let what = counted(UInt64(ranges.count), "range")
    return Report(result, .sentence("\(release ? "gave back" : "reserved") \(what) of ioas \(ioas)"))
  }
}
