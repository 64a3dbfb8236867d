// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct HWPTTrackCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "track", abstract: "Begin or end to note what devices write through a page table.")

  enum Switch: String, CaseIterable, ExpressibleByArgument {
    case on, off
  }

  @Argument(help: "I/O page table that was made with --dirty-tracking.") var hwpt: UInt32
  @Argument(help: "`on` also forgets what was noted before.") var state: Switch
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(HWPTDirtyTracking(hwpt: hwpt, on: state == .on))
    let sentence =
      state == .on
      ? "hwpt \(hwpt) notes what devices write from now on"
      : "hwpt \(hwpt) notes nothing any more"
    return Report(result, .sentence(sentence))
  }
}
