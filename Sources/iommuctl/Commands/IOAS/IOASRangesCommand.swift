// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASRangesCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "ranges", abstract: "Say where an address space can be mapped, and how aligned.")

  @Argument(help: "Address space.") var ioas: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// The answer with its list under `items`, as everywhere in this program's output.
  struct Ranges: Members {
    var items: [AddressRange] = []
    var alignment: UInt64 = 1

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("items", &items, "usable addresses, ascending")
      try visitor.member("alignment", &alignment, "bytes")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(IOASIOVARanges(ioas: ioas))
    var table = Table([.right("FIRST"), .right("LAST"), .right("ALIGNMENT")])
    for range in result.ranges {
      table.add(["\(range.first)", "\(range.last)", "\(ByteSize(result.alignment))"])
    }
    var members = Ranges()
    members.items = result.ranges
    members.alignment = result.alignment
    return Report(members, ids: result.ranges.map { "\($0.first)-\($0.last)" }, .table(table))
  }
}
