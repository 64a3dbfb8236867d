// SPDX-License-Identifier: Apache-2.0

import Testing

/// What the engine asks of origins and domains, counted over whole scenarios.
@Suite struct LabCountTests {
  /// How frames lie, and how many runs `pages` make then.
  struct Layout: Sendable, CustomTestStringConvertible {
    var name: String
    var pagesPerRun: Int?

    func runs(_ pages: Int) -> Int { pagesPerRun.map { (pages + $0 - 1) / $0 } ?? 1 }
    var testDescription: String { name }
  }

  static let layouts = [
    Layout(name: "contig", pagesPerRun: nil), Layout(name: "run16", pagesPerRun: 16),
    Layout(name: "scattered", pagesPerRun: 1),
  ]

  /// The cells of a row up to the pages pinned afterwards: calls and pages of pin, unpin, map, unmap, read-back.
  private func check(_ script: String, _ layout: Layout, _ expected: [(label: String, cells: [Int])]) throws {
    let result = try LabProgram.run(script, ["--pfns", layout.name])
    #expect(result.status == 0)
    #expect(result.errors == "")
    let rows = result.rows
    #expect(result.lines.count == expected.count, "\(result.lines)")
    for (label, cells) in expected {
      #expect(rows[label].map { Array($0.prefix(11)) } == cells, "\(label), \(layout.name)")
    }
  }

  /// A pin fills at most one batch of 8192 runs.
  private func batches(_ runs: Int) -> Int { (runs + 8191) / 8192 }

  @Test(arguments: layouts)
  func domainsComeAndGoAroundAnAccess(layout: Layout) throws {
    let (all, third) = (12288, 4096)
    let runs = layout.runs(all)
    let calls = batches(runs)
    try check(
      """
      ioas S
      origin O 12288
      domain S one
      map S 0x200000 O 0 12288      # fill
      domain S two                  # second joins
      undomain S one                # storage leaves
      pin S 0x1200000 4096          # middle is held
      undomain S two                # last leaves
      domain S one                  # one returns
      check
      unpin S 0x1200000 4096        # middle is let go
      unmap S 0x200000 12288        # empty
      check
      """, layout,
      [
        ("fill", [calls, all, 0, 0, runs, all, 0, 0, 0, 0, all]),
        ("second joins", [0, 0, 0, 0, runs, all, 0, 0, calls, all, all]),
        ("storage leaves", [0, 0, 0, 0, 0, 0, 1, all, 0, 0, all]),
        ("middle is held", [0, 0, 0, 0, 0, 0, 0, 0, 1, third, all]),
        ("last leaves", [0, 0, 2, 2 * third, 0, 0, 1, all, 0, 0, third]),
        ("one returns", [2, 2 * third, 0, 0, runs, all, 0, 0, 0, 0, all]),
        ("middle is let go", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, all]),
        ("empty", [0, 0, 1, all, 0, 0, 1, all, 0, 0, 0]),
      ])
  }

  @Test(arguments: layouts)
  func accessesOverlap(layout: Layout) throws {
    try check(
      """
      ioas S
      origin O 12288
      map S 0x200000 O 0 12288      # nothing yet
      pin S 0x200000 8192           # first two thirds
      pin S 0x1200000 8192          # last two thirds
      pin S 0x1200000 8192          # again
      check
      unpin S 0x1200000 8192        # once
      unpin S 0x200000 8192         # first goes
      unpin S 0x1200000 8192        # last goes
      check
      """, layout,
      [
        ("nothing yet", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ("first two thirds", [1, 8192, 0, 0, 0, 0, 0, 0, 0, 0, 8192]),
        ("last two thirds", [1, 4096, 0, 0, 0, 0, 0, 0, 0, 0, 12288]),
        ("again", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12288]),
        ("once", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12288]),
        ("first goes", [0, 0, 1, 4096, 0, 0, 0, 0, 0, 0, 8192]),
        ("last goes", [0, 0, 1, 8192, 0, 0, 0, 0, 0, 0, 0]),
      ])
  }

  @Test(arguments: layouts)
  func copiesShareTheirPages(layout: Layout) throws {
    let runs = layout.runs(8192)
    try check(
      """
      ioas S
      ioas T
      origin O 8192
      domain S a vtd
      domain T b
      domain T c vtd
      map S 0x200000 O 0 8192 ro          # source
      copy S 0x200000 8192 T 0x40000000   # copy
      check
      unmap S 0x200000 8192               # source goes
      check
      onunmap unpin
      pin T 0x40000000 512                # held
      unmap T 0x40000000 8192             # copy goes
      check
      """, layout,
      [
        ("source", [1, 8192, 0, 0, runs, 8192, 0, 0, 0, 0, 8192]),
        ("copy", [0, 0, 0, 0, 2 * runs, 16384, 0, 0, 1, 8192, 8192]),
        ("source goes", [0, 0, 0, 0, 0, 0, 1, 8192, 0, 0, 8192]),
        ("held", [0, 0, 0, 0, 0, 0, 0, 0, 1, 512, 8192]),
        ("copy goes", [0, 0, 1, 8192, 0, 0, 2, 16384, 0, 0, 0]),
      ])
  }

  @Test(arguments: layouts)
  func manySmallMapsAndSinglePages(layout: Layout) throws {
    try check(
      """
      ioas S
      origin O 1024
      domain S a
      mapn S 0x1000 0x4000 O 0 2 300 shuffle   # many
      alloc S O 3 10                           # chosen
      check
      unmapn S 0x1000 0x4000 2 300 shuffle     # many go
      free S                                   # all go
      option S huge_pages 0
      map S 0x200000 O 0 1024                  # singly
      unmap S 0x200000 1024
      check
      """, layout,
      [
        ("many", [300, 600, 0, 0, layout.pagesPerRun == 1 ? 600 : 300, 600, 0, 0, 0, 0, 600]),
        ("chosen", [10, 30, 0, 0, layout.runsOfTriples, 30, 0, 0, 0, 0, 630]),
        ("many go", [0, 0, 300, 600, 0, 0, 300, 600, 0, 0, 30]),
        ("all go", [0, 0, 10, 30, 0, 0, 10, 30, 0, 0, 0]),
        ("singly", [1, 1024, 0, 0, 1024, 1024, 0, 0, 0, 0, 1024]),
      ])
  }

  @Test(arguments: layouts)
  func failuresChangeNothing(layout: Layout) throws {
    let result = try LabProgram.run(
      """
      ioas S
      origin O 4096
      domain S a
      domain S b vtd
      map S 0x200000 O 0 64
      fail map 2
      map S 0x40000000 O 0 4096
      check
      fail pin 1
      map S 0x40000000 O 0 4096
      fail charge 1
      map S 0x40000000 O 0 4096
      check          # as before
      pin S 0x200000 64
      unmap S 0x200000 64
      unpin S 0x200000 63
      map S 0x201000 O 0 1
      map S 0x200000 O 5000 1 # refused
      """, ["--pfns", layout.name])
    #expect(result.status == 0)
    #expect(result.rows["as before"]?[10] == 64)
    #expect(
      result.lines.filter { !$0.contains("\t") } == [
        "-:7: ENOMEM: map S 0x40000000 O 0 4096", "-:10: EFAULT: map S 0x40000000 O 0 4096",
        "-:12: ENOMEM: map S 0x40000000 O 0 4096", "-:15: EBUSY: unmap S 0x200000 64",
        "-:16: ENOENT: unpin S 0x200000 63", "-:17: EEXIST: map S 0x201000 O 0 1",
        "-:18: EINVAL: map S 0x200000 O 5000 1",
      ])
  }
}

extension LabCountTests.Layout {
  /// Ten maps of three pages each, from page 0 on: two of them cross a border between runs of 16.
  fileprivate var runsOfTriples: Int {
    switch pagesPerRun {
    case 1: 30
    case 16: 11
    default: 10
    }
  }
}
