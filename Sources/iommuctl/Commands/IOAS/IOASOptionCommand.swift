// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

extension IOASOption.Name: ExpressibleByArgument {}

struct IOASOptionCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "option", abstract: "Set an option of an address space, or print it.",
    discussion: "huge_pages is 1 unless it is set to 0, which maps page by page.")

  @Argument(help: "Address space.") var ioas: UInt32
  @Argument(help: "Name of the option.") var name: IOASOption.Name
  @Argument(help: "What to set it to. (default: it stays)") var value: UInt64?
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(IOASOption(ioas: ioas, name, value: value))
    return Report(result, ids: ["\(result.value)"], .sentence("\(name.rawValue) \(result.value)"))
  }
}
