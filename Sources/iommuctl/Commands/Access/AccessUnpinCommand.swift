// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct AccessUnpinCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "unpin", abstract: "Give a pin back that a connection of this context holds.")

  @Argument(help: "Access.") var access: UInt32
  @Argument(help: "Pin, as `access pin` says it.") var pin: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(AccessUnpin(access: access, pin: pin))
    return Report(result, .sentence("pin \(pin) of access \(access) is given back"))
  }
}
