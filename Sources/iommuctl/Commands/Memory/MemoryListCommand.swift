// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct MemoryListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the memory that the context holds.")

  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let items = try daemon.all { MemoryList(after: $0) }
    var table = Table([
      .right("ID"), .left("KIND"), .right("SIZE"), .left("RESIDENCY"), .right("PINNED"), .right("REGISTERED"),
      .left("SEALED"), .left("WRITABLE"),
    ])
    for item in items {
      table.add([
        "\(item.memory)", item.kind.rawValue, "\(ByteSize(item.size))", item.residency.rawValue,
        "\(item.pinnedPages)", "\(item.registeredPages)", yes(item.sealed), yes(item.writable),
      ])
    }
    return Report(Listing<MemoryList.Item, UInt32>(items), ids: items.map { "\($0.memory)" }, .table(table))
  }
}
