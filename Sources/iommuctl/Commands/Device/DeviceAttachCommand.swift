// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct DeviceAttachCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "attach", abstract: "Let a device see an address space.")

  @Argument(help: "Device.") var device: UInt32
  @Argument(help: ArgumentHelp("An IOAS, or an HWPT.", valueName: "to")) var target: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(DeviceAttach(device: device, to: target))
    let sentence =
      result.hwpt == target
      ? "device \(device) sees what hwpt \(target) translates"
      : "device \(device) sees \(target) through hwpt \(result.hwpt)"
    return Report(result, ids: ["\(result.hwpt)"], .sentence(sentence))
  }
}
