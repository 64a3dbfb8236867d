// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

extension RlimitMode: ExpressibleByArgument {}
extension FrameLayout: ExpressibleByArgument {}

struct ContextOptionCommand: OptionedCommand {
  static let configuration = CommandConfiguration(
    commandName: "option", abstract: "Set options of a context, while it is empty, or print them.",
    discussion: """
      A context without objects ends with its last connection, and its options with it. So give a COMMAND that makes \
      what is to be there: `iommuctl context option --frames fragmented -- iommuctl ioas alloc`.
      """)

  @Option(help: "Whose pins are counted together: user or process; for the admin role.")
  var rlimitMode: RlimitMode?
  @Option(help: "Which frame numbers pages have: bus, fragmented (for tests) or physical.")
  var frames: FrameLayout?
  @Argument(parsing: .postTerminator, help: "What to run before this connection ends, after `--`.")
  var command: [String] = []
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func run() throws {
    let daemon = try Daemon(options)
    let result = try daemon.call(ContextOption(rlimitMode: rlimitMode, frames: frames))
    if !command.isEmpty { return try withExtendedLifetime(daemon) { try ChildProcess.run(command) } }
    try options.show(
      Report(
        result, .sentence("rlimit_mode \(result.rlimitMode.rawValue), frames \(result.frames.rawValue)")))
  }
}
