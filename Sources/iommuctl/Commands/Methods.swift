// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct Methods: OptionedCommand {
  static let configuration = CommandConfiguration(
    commandName: "methods", abstract: "List the methods that the daemon answers.")

  @Argument(help: "The only one to describe.") var method: String?
  @Flag(help: "Print the reference of this program's version, without asking a daemon.") var markdown = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func run() throws {
    if markdown { return try printBytes(Array(Reference.markdown().utf8)) }
    let daemon = try Daemon(options, worksInContext: false)
    try options.show(try report(daemon))
  }

  private func report(_ daemon: Daemon) throws(Problem) -> Report {
    let listing = try daemon.call(ServerMethods(method: method))
    let ids = listing.items.map { printable($0.name) }
    if method != nil, let item = listing.items.first {
      return Report(
        listing, ids: ids,
        .fields([
          ("method", item.name), ("does", item.summary), ("role", item.role.rawValue),
          ("parameters", item.parameters.text), ("result", item.result.text),
          ("errors", item.errors.joined(separator: ", ")),
        ]))
    }
    var table = Table([.left("METHOD"), .left("ROLE"), .left("WHAT IT DOES")])
    for item in listing.items { table.add([item.name, item.role.rawValue, item.summary]) }
    return Report(listing, ids: ids, .table(table))
  }
}
