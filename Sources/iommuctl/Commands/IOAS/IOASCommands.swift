// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct IOASCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ioas", abstract: "I/O address spaces.",
    subcommands: [
      IOASAllocCommand.self, IOASListCommand.self, IOASMapCommand.self, IOASCopyCommand.self,
      IOASCostCommand.self,
      IOASUnmapCommand.self,
      IOASAreasCommand.self, IOASShowCommand.self, IOASRangesCommand.self, IOASAllowCommand.self,
      IOASReserveCommand.self,
      IOASOptionCommand.self, IOASRepinCommand.self,
    ])
}
