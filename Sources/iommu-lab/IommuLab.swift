// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLabMalloc
import IommuCore

@main
struct IommuLab: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run scripts on the pages engine with synthetic memory and tables.",
    discussion: """
      Prints one tab-separated row for each labelled step of a script, with what happened since the labelled step
      before it. A step that the engine refuses prints its error, and the script goes on.
      """)

  @Option(help: "How frames lie in memory: \(FrameLayout.allCases.map(\.rawValue).joined(separator: ", ")).")
  var pfns = FrameLayout.contig

  @Option(help: "Runs that travel in one batch.")
  var batch: Int?

  @Option(help: "Run each script so many times and print the best and the median time too.")
  var time: Int?

  @Argument(help: "Scripts.")
  var files: [String]

  func validate() throws {
    if let batch, batch < 1 { throw ValidationError("--batch is at least 1") }
    if let time, time < 1 { throw ValidationError("--time is at least 1") }
    if files.isEmpty { throw ValidationError("no script was given") }
  }

  func run() throws {
    lab_heap_keep_freed()
    let settings = Run.Settings(layout: pfns, batchLimit: batch)
    try complaining { () throws(LabError) in try WarmUp.run(settings) }
    print(Report.header(timed: time != nil))
    for file in files {
      if files.count > 1 { print("# \(file)") }
      try complaining { () throws(LabError) in try runScript(file, settings) }
    }
  }

  private func runScript(_ file: String, _ settings: Run.Settings) throws(LabError) {
    let lines = try ScriptParser.parse(try TextFile.read(file), file: file)
    let first = Run(settings)
    do throws(LabError) {
      try first.run(lines, file: file)
    } catch {
      // What had been shown by then helps to find the error.
      for line in Report.lines(first, file: file, times: []) { print(line) }
      throw error
    }
    var times: [[UInt64]] = time == nil ? [] : first.rows.map { [$0.nanoseconds] }
    for _ in 1..<max(time ?? 1, 1) {
      let run = Run(settings)
      try run.run(lines, file: file)
      for (position, row) in run.rows.enumerated() { times[position].append(row.nanoseconds) }
    }
    for line in Report.lines(first, file: file, times: times) { print(line) }
  }

  private func complaining(_ body: () throws(LabError) -> Void) throws {
    do throws(LabError) {
      try body()
    } catch {
      TextFile.complain("iommu-lab: \(error)")
      throw ExitCode.failure
    }
  }
}

extension FrameLayout: ExpressibleByArgument {}
