// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct AccessReplaceCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "replace", abstract: "Turn an access that holds no pins to another address space.")

  @Argument(help: "Access.") var access: UInt32
  @Argument(help: "Address space.") var ioas: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(AccessReplace(access: access, ioas: ioas))
    return Report(result, .sentence("access \(access) stands on ioas \(ioas)"))
  }
}
