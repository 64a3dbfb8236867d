// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct ContextListCommand: Verb {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List named contexts.")
  static let worksInContext = false

  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let items = try daemon.all { ContextList(after: $0) }
    var table = Table([
      .left("NAME"), .right("OWNER"), .right("CONNECTIONS"), .right("OBJECTS"), .left("KEPT"), .left("STATE"),
    ])
    for item in items {
      table.add([
        item.name, "\(item.owner)", "\(item.connections)", "\(item.objects)", item.persistent ? "yes" : "no",
        item.state.rawValue,
      ])
    }
    let listing = Listing<ContextList.Item, String>(items)
    return Report(listing, ids: items.map { printable($0.name) }, .table(table))
  }
}
