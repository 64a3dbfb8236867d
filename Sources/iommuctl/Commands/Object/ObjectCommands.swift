// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct ObjectCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "object", abstract: "Objects of every kind.",
    subcommands: [ObjectListCommand.self, ObjectDestroyCommand.self])
}
