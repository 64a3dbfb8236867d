// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct DeviceWriteCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Write standard input to memory as the device would.")

  @Argument(help: "Device.") var device: UInt32
  @Argument(help: "First address.") var iova: IOVA
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let device = device
    let first = try readInput(Int(CopyFile.threshold))
    if first.count == CopyFile.threshold {
      return try daemon.writeInBulk(beginning: first, to: iova) {
        DeviceDMAWrite(device: device, iova: $0, length: $1, from: 0, at: $2)
      }
    }
    return try daemon.writeInput(beginning: first, to: iova) {
      DeviceDMAWrite(device: device, iova: $0, data: $1)
    }
  }
}
