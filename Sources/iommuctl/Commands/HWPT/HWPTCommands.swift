// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

struct HWPTCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hwpt", abstract: "I/O page tables.",
    subcommands: [
      HWPTAllocCommand.self, HWPTShowCommand.self, HWPTTranslateCommand.self, HWPTTrackCommand.self,
      HWPTDirtyCommand.self,
    ])
}
