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
    return try daemon.writeInput(to: iova) { DeviceDMAWrite(device: device, iova: $0, data: $1) }
  }
}
