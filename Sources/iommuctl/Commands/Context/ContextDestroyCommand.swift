// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct ContextDestroyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "destroy", abstract: "Destroy a context with everything in it.")
  static let worksInContext = false

  @Argument(help: "Name.") var name: String
  @Option(help: ArgumentHelp("User whose context it is, for the admin role.", valueName: "uid"))
  var owner: UInt32?
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(ContextDestroy(name, owner: owner))
    return Report(result, .sentence("context \(name) is gone, with \(counted(result.objects, "object"))"))
  }
}
