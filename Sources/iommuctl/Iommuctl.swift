// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import IommuClient

/// The command line of iommud.
struct Iommuctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "iommuctl",
    abstract: "Map memory for devices, and look at what is mapped, in iommud.",
    discussion: """
      Sizes are 4096, 4K, 2M, 1GiB; addresses 0x... or decimal; ranges FIRST-LAST or FIRST+LENGTH.
      Objects live in a named context, so that one command sees what the one before it made.
      Exit status: 0; 1 the daemon refused; 3 it cannot be reached; 64 the command line is wrong.
      """,
    version: "iommuctl \(Version.current)",
    subcommands: [
      Status.self, ContextCommands.self, ObjectCommands.self, IOASCommands.self, DeviceCommands.self,
      HWPTCommands.self, AccessCommands.self, MemoryCommands.self, PagesCommands.self, Explain.self,
      Metrics.self, Monitor.self, Replay.self, Call.self, Methods.self,
    ])

  @OptionGroup(title: "Options of every command") var options: GlobalOptions
}

@main
enum Program {
  static func main() {
    openStandardDescriptors()
    do {
      var command = try Iommuctl.parseAsRoot()
      do {
        try command.run()
      } catch let problem as Problem {
        try report(problem, of: command)
        throw problem
      }
    } catch let problem as Problem {
      if let message = problem.message { printError("iommuctl: \(printable(message))") }
      exit(problem.exitStatus)
    } catch {
      Iommuctl.exit(withError: error)
    }
  }

  /// What the daemon refused is a result for programs, too.
  private static func report(_ problem: Problem, of command: any ParsableCommand) throws(Problem) {
    guard case .refused(let failure) = problem, let command = command as? any OptionedCommand,
      command.options.form == .json
    else { return }
    try printLines([JSONOutput.versioned(JSONOutput.text(of: failure))])
  }

  /// Fills closed ones of descriptors 0 to 2, so that what is opened later is never taken for one of them.
  private static func openStandardDescriptors() {
    var next: Int32
    repeat { next = unsafe open("/dev/null", O_RDWR | O_CLOEXEC) } while next >= 0 && next <= STDERR_FILENO
    if next > STDERR_FILENO { close(next) }
  }
}
