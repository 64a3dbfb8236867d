// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct ContextCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "context", abstract: "Named sets of objects.",
    subcommands: [
      ContextOpenCommand.self, ContextListCommand.self, ContextDestroyCommand.self, ContextOptionCommand.self,
    ])
}
