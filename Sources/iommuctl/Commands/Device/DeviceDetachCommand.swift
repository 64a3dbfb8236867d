// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct DeviceDetachCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "detach", abstract: "Take a device's address space away; its DMA faults from then on.")

  @Argument(help: "Device.") var device: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    Report(try daemon.call(DeviceDetach(device: device)), .sentence("device \(device) is detached"))
  }
}
