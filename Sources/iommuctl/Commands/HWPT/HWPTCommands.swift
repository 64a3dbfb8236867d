// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct HWPTCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hwpt", abstract: "I/O page tables.",
    subcommands: [HWPTTranslateCommand.self])
}
