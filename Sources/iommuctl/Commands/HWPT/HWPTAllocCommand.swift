// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct HWPTAllocCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "alloc", abstract: "Make a page table by itself, filled with what is mapped.",
    discussion: """
      It has the format, page sizes and aperture of DEVICE, which `device attach DEVICE HWPT` lets use it. It \
      lasts until `object destroy`, and no other attachment picks it.
      """)

  @Argument(help: "Device whose format it gets.") var device: UInt32
  @Argument(help: "Address space that it translates.") var ioas: UInt32
  @Flag(help: "It can tell what devices write.") var dirtyTracking = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let result = try daemon.call(HWPTAlloc(device: device, ioas: ioas, dirtyTracking: dirtyTracking))
    return Report(result, ids: ["\(result.hwpt)"], .sentence("hwpt \(result.hwpt)"))
  }
}
