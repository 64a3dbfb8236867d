// SPDX-License-Identifier: Apache-2.0

import Foundation

/// iommu-lab as it was built beside the tests.
enum LabProgram {
  struct Result {
    var status: Int32
    /// Lines of standard output without the header.
    var lines: [String]
    var errors: String

    /// The cells of the labelled rows, by label.
    var rows: [String: [Int]] {
      var rows: [String: [Int]] = [:]
      for line in lines where line.contains("\t") {
        let cells = line.split(separator: "\t")
        rows[String(cells[0])] = cells.dropFirst().compactMap { Int($0) }
      }
      return rows
    }
  }

  private static func path() throws -> URL {
    let test = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: test).deletingLastPathComponent().appendingPathComponent("iommu-lab")
  }

  /// Runs `script`, given on standard input.
  static func run(_ script: String, _ arguments: [String] = []) throws -> Result {
    let process = Process()
    process.executableURL = try path()
    process.arguments = arguments + ["-"]
    let (input, output, errors) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Scripts and what is printed for them fit the pipes.
    try input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
    try input.fileHandleForWriting.close()
    let printed = try output.fileHandleForReading.readToEnd() ?? Data()
    let complaints = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let lines = String(decoding: printed, as: UTF8.self).split(separator: "\n").map(String.init)
    return Result(
      status: process.terminationStatus, lines: Array(lines.dropFirst()),
      errors: String(decoding: complaints, as: UTF8.self))
  }
}
