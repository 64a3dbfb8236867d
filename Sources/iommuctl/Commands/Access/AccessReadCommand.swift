// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct AccessReadCommand: ReadingVerb {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Read mapped memory, and write it to standard output.")

  @Argument(help: "Access.") var access: UInt32
  @OptionGroup var range: RangeArguments
  @Flag(help: "Pin the range and map its memory here, rather than have the daemon copy it.") var map = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func read(_ daemon: Daemon, into sink: inout ByteSink) throws(Problem) {
    if map { return try readMapped(daemon, into: &sink) }
    if range.value.length > CopyFile.threshold {
      return try daemon.readInBulk(range.value, into: &sink) {
        AccessRead(access: access, iova: $0, length: $1, into: 0, at: $2)
      }
    }
    try daemon.read(
      range.value, into: &sink, { AccessRead(access: access, iova: $0, length: $1) }, \.data.bytes)
  }

  private func readMapped(_ daemon: Daemon, into sink: inout ByteSink) throws(Problem) {
    let (first, length) = range.value
    let pin = try daemon.call(AccessPin(access: access, iova: first, length: length))
    for segment in pin.segments {
      guard segment.mappable else {
        throw .failed(
          "memory \(segment.memory) belongs to another user, who did not share it: read it without --map")
      }
      let mapping = try Problem.catching { () throws(ClientError) in try daemon.client.map(segment) }
      try sink.take(mapping)
    }
    try daemon.call(AccessUnpin(access: access, pin: pin.pin))
  }
}
