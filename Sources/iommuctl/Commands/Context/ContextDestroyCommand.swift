// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct ContextDestroyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "destroy", abstract: "Destroy a context with everything in it.")
  static let worksInContext = false

  @Argument(help: "Name.") var name: String
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(ContextDestroy(name, owner: options.owner))
    return Report(result, .sentence("context \(name) is gone, with \(counted(result.objects, "object"))"))
  }
}
