// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASCopyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "copy", abstract: "Show a mapped range in another address space too, and print where.",
    discussion: "Nothing is pinned twice. An address alone is the area that begins there.")

  @Argument(help: "Address space that maps the range.") var source: UInt32
  @Argument(help: ArgumentHelp("First address, FIRST-LAST, or FIRST+LENGTH.", valueName: "range"))
  var range: AddressOrRange
  @Argument(help: "Address space to show it in; may be the same.") var target: UInt32
  @Option(help: ArgumentHelp("Where to map. (default: the daemon chooses)", valueName: "address"))
  var iova: IOVA?
  @Flag(help: "Devices may not write.") var readOnly = false
  @Flag(help: "Devices may not read.") var writeOnly = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    if readOnly && writeOnly { throw ValidationError("--read-only and --write-only exclude each other.") }
    if case .range(let range) = range, range.length == nil {
      throw ValidationError("That range is all 2^64 addresses, which no length can say.")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let (first, length) =
      switch range {
      case .range(let range): (range.first, range.length ?? 0)
      case .address(let first): (first, try daemon.lengthOfArea(in: source, at: first))
      }
    var call = IOASCopy(from: source, first, length: length, to: target, at: iova)
    if readOnly { call.write = false }
    if writeOnly { call.read = false }
    let result = try daemon.call(call)
    let sentence = "\(result.iova): \(length) bytes of \(first) of ioas \(source)"
    return Report(result, ids: ["\(result.iova)"], .sentence(sentence))
  }
}

extension Daemon {
  /// Bytes of the area that begins at `first`.
  func lengthOfArea(in ioas: UInt32, at first: IOVA) throws(Problem) -> UInt64 {
    let before = first.rawValue == 0 ? nil : IOVA(first.rawValue - 1)
    let found = try call(IOASAreas(ioas: ioas, limit: 1, after: before)).items.first
    guard let found, found.iova == first else {
      throw .refused(Failure(.enoent, "no area begins at \(first)", field: "iova"))
    }
    return found.length
  }
}
