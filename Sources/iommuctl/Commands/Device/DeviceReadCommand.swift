// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct DeviceReadCommand: ReadingVerb {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Read memory as the device would, and write it to standard output.")

  @Argument(help: "Device.") var device: UInt32
  @OptionGroup var range: RangeArguments
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func read(_ daemon: Daemon, into sink: inout ByteSink) throws(Problem) {
    if range.value.length > CopyFile.threshold {
      return try daemon.readInBulk(range.value, into: &sink) {
        DeviceDMARead(device: device, iova: $0, length: $1, into: 0, at: $2)
      }
    }
    try daemon.read(
      range.value, into: &sink, { DeviceDMARead(device: device, iova: $0, length: $1) }, \.data.bytes)
  }
}
