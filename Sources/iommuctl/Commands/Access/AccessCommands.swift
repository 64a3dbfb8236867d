// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct AccessCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "access", abstract: "The CPU's way into address spaces.",
    subcommands: [
      AccessCreateCommand.self, AccessReplaceCommand.self, AccessPinCommand.self, AccessUnpinCommand.self,
      AccessReadCommand.self,
      AccessWriteCommand.self,
    ])
}
