// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

extension TableFormat: ExpressibleByArgument {}

struct DeviceBindCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "bind", abstract: "Make an emulated device, not attached to anything.")

  @Option(help: "Name, for people.") var name: String?
  @Option(help: "Format of its page table.") var format = TableFormat.vtd
  @Option(
    name: .customLong("page-size"), help: "Size of leaves; give it once for each. (default: the format's)")
  var pageSizes: [ByteSize] = []
  @Option(help: ArgumentHelp("Addresses that it can use. (default: the format's)", valueName: "range"))
  var aperture: AddressOrRange?
  @Option(
    name: .customLong("reserve"),
    help: ArgumentHelp("Addresses that it keeps for itself; may be given often.", valueName: "range"))
  var reserved: [AddressOrRange] = []
  @Flag(help: "Its page tables can tell what it writes.") var dirtyTracking = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    try AddressOrRange.checkEnds(reserved + [aperture].compactMap { $0 })
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    var request = DeviceBind(name: name)
    request.format = format
    if !pageSizes.isEmpty { request.pageSizes = pageSizes.map(\.bytes) }
    request.aperture = aperture?.members
    request.reserved = reserved.compactMap(\.members)
    request.dirtyTracking = dirtyTracking
    let result = try daemon.call(request)
    return Report(result, ids: ["\(result.device)"], .sentence("device \(result.device)"))
  }
}
