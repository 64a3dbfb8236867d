// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct HWPTTranslateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "translate", abstract: "Show the frames that a page table holds for a range.")

  @Argument(help: "I/O page table.") var hwpt: UInt32
  @OptionGroup var range: RangeArguments
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let runs = try runs(daemon)
    var table = Table([
      .right("IOVA"), .right("LENGTH"), .right("PAGE"), .left("PROT"), .right("FRAME"), .right("MEMORY"),
      .right("OFFSET"),
    ])
    for run in runs {
      table.add([
        "\(run.iova)", "\(ByteSize(run.length))", "\(ByteSize(run.pageSize))",
        protection(read: run.read, write: run.write), "\(run.frame)", "\(run.memory)",
        "\(ByteSize(run.offset))",
      ])
    }
    return Report(
      Listing<HWPTTranslate.Run, IOVA>(runs), ids: runs.map { "\($0.frame)" }, .table(table))
  }

  private func runs(_ daemon: Daemon) throws(Problem) -> [HWPTTranslate.Run] {
    let (first, length) = range.value
    var runs: [HWPTTranslate.Run] = []
    var next: IOVA? = first
    while let from = next {
      let left = length - (from.rawValue - first.rawValue)
      let answer = try daemon.call(HWPTTranslate(hwpt: hwpt, iova: from, length: left))
      runs += answer.runs
      guard let then = answer.next else { break }
      guard then > from, then.rawValue - first.rawValue < length else {
        throw .failed("iommud answered against the protocol: it goes on at \(then) after \(from)")
      }
      next = then
    }
    return runs
  }
}
