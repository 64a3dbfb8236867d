// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct DeviceCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Emulated devices.",
    subcommands: [
      DeviceBindCommand.self, DeviceInfoCommand.self, DeviceAttachCommand.self, DeviceDetachCommand.self,
      DeviceReadCommand.self,
      DeviceWriteCommand.self,
    ])
}
