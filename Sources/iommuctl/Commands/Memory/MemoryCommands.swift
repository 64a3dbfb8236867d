// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct MemoryCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "memory", abstract: "Memory that a context holds.",
    subcommands: [MemoryListCommand.self, MemoryShowCommand.self, MemoryOpenCommand.self])
}
