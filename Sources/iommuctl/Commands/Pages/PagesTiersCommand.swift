// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct PagesTiersCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "tiers", abstract: "Show and draw where the frame numbers of pages are held.",
    discussion: """
      In the pages object's own store, in an I/O page table that maps them, or nowhere yet: then the memory \
      itself is asked when they are needed.
      """)

  @Argument(help: "Pages object.") var pages: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    var result = PagesTiers.Result()
    repeat {
      let answer = try daemon.call(PagesTiers(pages: pages, after: result.next))
      result = PagesTiers.Result(info: answer.info, items: result.items + answer.items, next: answer.next)
    } while result.next != nil

    var table = Table([
      .right("FIRST"), .right("LAST"), .right("COUNT"), .left("TIER"), .left("PINNED"), .right("PINS"),
      .right("DOMAINS"),
    ])
    for span in result.items {
      table.add([
        "\(span.page)", "\(span.page + max(span.count, 1) - 1)", "\(span.count)", span.tier.rawValue,
        yes(span.pinned), "\(span.accesses)", "\(span.domains)",
      ])
    }
    let picture = TierPicture(result.items, count: result.info.count)
    return Report(
      result, ids: result.items.map { "\($0.page)" }, .table(table, picture: picture.lines))
  }
}
