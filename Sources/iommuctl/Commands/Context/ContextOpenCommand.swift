// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct ContextOpenCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Open a context, and make it where it does not exist.",
    discussion: "A context without objects ends with its last connection, so this mostly tells what is there."
  )
  static let worksInContext = false

  @Argument(help: "Name, 1 to 64 bytes. (default: that of --context)") var name: String?
  @Flag(help: "Refuse where it does not exist.") var noCreate = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let name = name ?? options.contextName
    let result = try daemon.call(
      ContextOpen(name, create: !noCreate, owner: options.owner, persist: options.persist))
    let state = result.created ? "new" : counted(result.objects, "object")
    return Report(
      result, ids: [printable(name)], .sentence("context \(name) of uid \(result.owner): \(state)"))
  }
}
