// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct AccessWriteCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "write", abstract: "Write standard input to mapped memory.")

  @Argument(help: "Access.") var access: UInt32
  @Argument(help: "First address.") var iova: IOVA
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let access = access
    let first = try readInput(Int(CopyFile.threshold))
    if first.count == CopyFile.threshold {
      return try daemon.writeInBulk(beginning: first, to: iova) {
        AccessWrite(access: access, iova: $0, length: $1, from: 0, at: $2)
      }
    }
    return try daemon.writeInput(beginning: first, to: iova) {
      AccessWrite(access: access, iova: $0, data: $1)
    }
  }
}
