// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct PagesCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pages", abstract: "Slices of memory that maps made.",
    subcommands: [PagesListCommand.self, PagesTiersCommand.self])
}
