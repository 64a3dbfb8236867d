// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct IOASUnmapCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "unmap", abstract: "Unmap the areas that lie wholly inside a range.",
    discussion: """
      An address alone is the area that begins there, whatever its length. Where other clients hold pins, they are \
      asked to let go, and are waited for; after that nothing is unmapped, and they are named.
      """)

  @Argument(help: "Address space.") var ioas: UInt32
  @Argument(help: ArgumentHelp("First address, FIRST-LAST, or FIRST+LENGTH.", valueName: "range"))
  var start: AddressOrRange?
  @Argument(help: "Bytes, after a first address.") var length: ByteSize?
  @Flag(help: "Unmap everything.") var all = false
  @Option(
    help: ArgumentHelp(
      "How long to wait for others, as 500ms or 5s, at most 60s; 0 does not wait. (default: 1s)",
      valueName: "time"))
  var wait: Milliseconds?
  @Flag(help: "End the pins of others at once. What they have mapped in their own memory stays theirs.")
  var force = false
  @Flag(help: "Drop pins of this very connection.")
  var unpinOwn = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    if all == (start != nil) { throw ValidationError("Give either a range or --all.") }
    if case .range = start, length != nil {
      throw ValidationError("A length after a range says the same twice.")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    var call = try request(daemon)
    call.milliseconds = wait?.count
    if force { call.force = true }
    if unpinOwn { call.unpinsOwn = true }
    let result = try daemon.call(call)
    return Report(result, .sentence("unmapped \(result.unmapped) bytes (\(ByteSize(result.unmapped).rough))"))
  }

  private func request(_ daemon: Daemon) throws(Problem) -> IOASUnmap {
    switch start {
    case .none:
      return IOASUnmap(allOf: ioas)
    case .range(let range):
      // All 2^64 addresses have no length: the protocol's word for everything.
      guard let length = range.length else { return IOASUnmap(allOf: ioas) }
      return IOASUnmap(ioas: ioas, iova: range.first, length: length)
    case .address(let first):
      let length = if let length { length.bytes } else { try daemon.lengthOfArea(in: ioas, at: first) }
      return IOASUnmap(ioas: ioas, iova: first, length: length)
    }
  }
}
