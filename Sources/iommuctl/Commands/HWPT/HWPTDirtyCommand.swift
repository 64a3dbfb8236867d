// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct HWPTDirtyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "dirty", abstract: "Show which pages devices have written, and clear what was shown.",
    discussion: "Without a range: all that the page table can translate.")

  @Argument(help: "I/O page table whose tracking is on.") var hwpt: UInt32
  @Argument(help: ArgumentHelp("FIRST-LAST or FIRST+LENGTH.", valueName: "range")) var range: AddressOrRange?
  @Option(help: "Size of the pages that are shown.") var pageSize = ByteSize(4096)
  @Flag(help: "Clear nothing.") var keep = false
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws { try AddressOrRange.checkEnds([range].compactMap { $0 }) }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    let ranges = try ranges(daemon)
    var table = Table([.right("FIRST"), .right("LAST"), .right("LENGTH"), .right("PAGES")])
    for range in ranges {
      table.add([
        "\(range.iova)", "\(IOVA(range.iova.rawValue &+ (range.length &- 1)))", "\(ByteSize(range.length))",
        "\(range.length / max(pageSize.bytes, 1))",
      ])
    }
    return Report(
      Listing<HWPTDirtyBitmap.Range, IOVA>(ranges), ids: ranges.map { "\($0.iova)" }, .table(table))
  }

  /// The daemon takes less than 2^64 bytes at once.
  private static var most: UInt64 { 1 << 63 }

  private func ranges(_ daemon: Daemon) throws(Problem) -> [HWPTDirtyBitmap.Range] {
    let wanted = try wanted(daemon)
    var ranges: [HWPTDirtyBitmap.Range] = []
    var next: IOVA? = wanted.first
    while let from = next {
      let span = min(wanted.last.rawValue - from.rawValue, Self.most - 1)
      let answer = try daemon.call(
        HWPTDirtyBitmap(
          hwpt: hwpt, iova: from, length: span + 1, pageSize: pageSize.bytes, keep: keep,
          limit: WireLimit.maximumItems))
      ranges += answer.ranges
      let end = from.rawValue + span
      next = answer.next ?? (end < wanted.last.rawValue ? IOVA(end + 1) : nil)
      guard next.map({ $0 > from && $0 <= wanted.last }) ?? true else {
        throw .failed("iommud answered against the protocol: it goes on elsewhere than in the range")
      }
    }
    return ranges
  }

  private func wanted(_ daemon: Daemon) throws(Problem) -> AddressRange {
    if let range = range?.members { return range }
    let aperture = try daemon.call(HWPTInfo(hwpt: hwpt)).aperture
    // Whole pages around it; what is no power of two the daemon refuses.
    let mask = max(pageSize.bytes, 1) - 1
    return AddressRange(
      IOVA(aperture.first.rawValue & ~mask), through: IOVA(aperture.last.rawValue | mask))
  }
}
