// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct DeviceInfoCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Show what a device is, and what translates for it.")

  @Argument(help: "Device.") var device: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let info = try daemon.call(DeviceInfo(device: device))
    var sees = "nothing: its DMA faults"
    if let ioas = info.ioas, let hwpt = info.hwpt { sees = "ioas \(ioas) through hwpt \(hwpt)" }
    return Report(
      info, ids: ["\(info.device)"],
      .fields([
        ("Device", "\(info.device)" + (info.name.isEmpty ? "" : " (\(info.name))")),
        ("Format", info.format.rawValue),
        ("Page sizes", sizes(info.pageSizes)),
        ("Aperture", span(info.aperture)),
        ("Reserved", info.reserved.isEmpty ? "nothing" : info.reserved.map(span).joined(separator: ", ")),
        ("Dirty tracking", info.dirtyTracking ? "possible" : "no"),
        ("Sees", sees),
      ]))
  }
}

/// `4K, 2M, 1G`.
func sizes(_ sizes: [UInt64]) -> String { sizes.map { "\(ByteSize($0))" }.joined(separator: ", ") }

/// `FIRST-LAST`.
func span(_ range: AddressRange) -> String { "\(range.first)-\(range.last)" }
