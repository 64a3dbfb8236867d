// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASAreasCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "areas", abstract: "List and draw what is mapped in an address space.")

  @Argument(help: "Address space.") var ioas: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let items = try daemon.all { IOASAreas(ioas: ioas, after: $0) }
    var table = Table([
      .right("FIRST"), .right("LAST"), .right("LENGTH"), .left("PROT"), .right("MEMORY"), .right("OFFSET"),
      .right("PAGES"), .right("PINS"), .left("STATE"),
    ])
    for item in items {
      table.add([
        "\(item.iova)", item.range.map { "\($0.last)" } ?? "", "\(ByteSize(item.length))",
        protection(read: item.read, write: item.write), "\(item.memory)", "\(ByteSize(item.offset))",
        "\(item.pages)", "\(item.pins)", item.state.rawValue,
      ])
    }
    let picture = AreaPicture(items.compactMap(\.range))
    return Report(
      Listing<IOASAreas.Item, IOVA>(items), ids: items.map { "\($0.iova)" },
      .table(table, picture: picture.lines))
  }
}

extension IOASAreas.Item {
  /// Its addresses; nil when the daemon answered none.
  fileprivate var range: IOVARange? { IOVARange(first: iova, length: length) }
}
