// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct HWPTShowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show and draw the levels and page sizes of a page table.")

  @Argument(help: "I/O page table.") var hwpt: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// Answers that are drawn at most; a table may hold far more runs than there are columns.
  private static var answers: Int { 16 }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let info = try daemon.call(HWPTInfo(hwpt: hwpt))
    let (runs, isCut) = try runs(daemon, info.aperture)
    var table = Table([
      .right("LEVEL"), .right("ENTRY"), .right("TABLES"), .right("LEAVES"), .right("MAPPED"),
    ])
    for level in info.levels {
      let (mapped, overflow) = level.leaves.multipliedReportingOverflow(by: level.entrySize)
      table.add([
        "\(level.level)", "\(ByteSize(level.entrySize))", "\(level.tables)",
        level.isLeafLevel ? "\(level.leaves)" : "",
        !level.isLeafLevel ? "" : overflow ? "over 2^64" : "\(ByteSize(mapped))",
      ])
    }
    let picture = LevelPicture(runs, sizes: info.pageSizes.reversed())
    let note = isCut ? ["Drawn up to \(runs.last.map { "\($0.range.last)" } ?? ""): there is more."] : []
    return Report(
      info, ids: ["\(info.hwpt)"],
      .table(table) { style in
        sentences(info) + [""] + picture.lines(style) + note
      })
  }

  private func sentences(_ info: HWPTInfo.Result) -> [String] {
    let kind = info.automatic ? "goes with the last of them" : "made by itself"
    let tracking =
      info.tracking ? "notes what devices write" : info.dirtyTracking ? "could note what devices write" : nil
    let first =
      "hwpt \(info.hwpt): \(info.format.rawValue) of ioas \(info.ioas), "
      + "\(span(info.aperture)), \(ByteSize(info.tableBytes).rough)"
    let second = ["\(counted(info.devices, "device"))", kind, tracking].compactMap { $0 }.joined(
      separator: ", ")
    return [first, second]
  }

  private func runs(
    _ daemon: Daemon, _ aperture: AddressRange
  ) throws(Problem) -> (runs: [LevelPicture.Run], isCut: Bool) {
    var runs: [LevelPicture.Run] = []
    var next: IOVA? = aperture.first
    for _ in 0..<Self.answers {
      guard let from = next else { return (runs, false) }
      let length = min(aperture.last.rawValue - from.rawValue, UInt64.max - 1 - from.rawValue) + 1
      let answer = try daemon.call(
        HWPTTranslate(hwpt: hwpt, iova: from, length: length, limit: WireLimit.maximumItems))
      for run in answer.runs {
        if let range = IOVARange(first: run.iova, length: run.length) {
          runs.append(.init(range: range, pageSize: run.pageSize))
        }
      }
      next = answer.next
    }
    return (runs, next != nil)
  }
}
