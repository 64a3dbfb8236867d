// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct PagesListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the slices of memory that maps made.")

  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let items = try daemon.all { PagesList(after: $0) }
    var table = Table([
      .right("ID"), .right("MEMORY"), .right("OFFSET"), .right("COUNT"), .right("PINNED"), .left("WRITABLE"),
      .left("RESIDENCY"),
    ])
    for item in items {
      table.add([
        "\(item.pages)", "\(item.memory)", "\(ByteSize(item.offset))", "\(item.count)", "\(item.pinnedPages)",
        yes(item.writable), item.residency.rawValue,
      ])
    }
    return Report(Listing<PagesList.Item, UInt32>(items), ids: items.map { "\($0.pages)" }, .table(table))
  }
}
