// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

extension ObjectKind: ExpressibleByArgument {}

struct ObjectListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the objects of the context.")

  @Option(help: "Only objects of this kind.") var kind: ObjectKind?
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report { try Self.report(daemon, kind) }

  static func report(_ daemon: Daemon, _ kind: ObjectKind?) throws(Problem) -> Report {
    let items = try daemon.all { ObjectList(kind: kind, after: $0) }
    var table = Table([.right("ID"), .left("KIND"), .left("STATE")])
    for item in items { table.add(["\(item.id)", item.kind.rawValue, item.summary]) }
    return Report(Listing<ObjectList.Item, UInt32>(items), ids: items.map { "\($0.id)" }, .table(table))
  }
}
