// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASCostCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "cost", abstract: "Say what a map or a copy would pin and charge, without doing it.",
    discussion: "Give one of \(SourceArguments.names) and --process, or --from and --range for a copy.")

  @Argument(help: "Address space that it would be mapped in.") var ioas: UInt32
  @OptionGroup var source: SourceArguments
  @Option(help: ArgumentHelp("Address space that a copy would show a range of.", valueName: "ioas"))
  var from: UInt32?
  @Option(help: ArgumentHelp("What of it: FIRST-LAST, or FIRST+LENGTH.", valueName: "range"))
  var range: AddressOrRange?
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    guard source.count + (from == nil ? 0 : 1) == 1 else {
      throw ValidationError("Give one of \(SourceArguments.names), --process and --from.")
    }
    if (from == nil) != (range == nil) { throw ValidationError("--from and --range go together.") }
    try AddressOrRange.checkEnds([range].compactMap { $0 })
    if case .range(let range) = range, range.length == nil {
      throw ValidationError("That range is all 2^64 addresses, which no length can say.")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let cost = try cost(daemon)
    return Report(
      cost,
      .fields([
        ("Pages pinned", "\(cost.pages)"),
        ("Pinned bytes", "\(cost.pinnedBytes)"),
        ("Held bytes", "\(cost.heldBytes)"),
        ("Areas", "\(cost.areas)"),
        ("Objects", "\(cost.objects)"),
        ("Descriptors", "\(cost.descriptors)"),
      ]))
  }

  private func cost(_ daemon: Daemon) throws(Problem) -> IOASCost.Result {
    if let from, case .range(let range) = range {
      var copy = IOASCost.Copy(from: from, range.first, length: range.length ?? 0, at: source.iova)
      if source.readOnly { copy.write = false }
      if source.writeOnly { copy.read = false }
      return try daemon.call(IOASCost(ioas: ioas, copy: copy))
    }
    let found = try source.find(daemon)
    return try daemon.call(IOASCost(ioas: ioas, found.range), descriptors: found.descriptors)
  }
}
