// SPDX-License-Identifier: Apache-2.0

import IommuClient
import Testing
import iommuctl

@Suite("What people see")
struct CLIOutputTests {
  private static var table: Table {
    var table = Table([.left("NAME"), .right("SIZE"), .left("STATE")])
    table.add(["a", "4K", "mapped"])
    table.add(["longer", "1880K", ""])
    return table
  }

  @Test("columns are aligned, and lines end without spaces")
  func alignment() {
    #expect(
      Self.table.lines() == [
        "NAME     SIZE  STATE",
        "a          4K  mapped",
        "longer  1880K  -",
      ])
  }

  @Test("without legend columns are as wide as what is in them")
  func noLegend() {
    #expect(Self.table.lines(legend: false) == ["a          4K  mapped", "longer  1880K  -"])
    #expect(Table([.left("NAME")]).lines(legend: false).isEmpty)
    #expect(Table([.left("NAME")]).lines() == ["NAME"])
  }

  @Test("headings are bold where there is colour")
  func bold() {
    let style = Style(colour: true, unicode: true)
    #expect(Self.table.lines(style: style)[0] == "\u{1b}[1mNAME     SIZE  STATE\u{1b}[0m")
  }

  @Test("control characters of other people's names never reach the terminal")
  func controlCharacters() {
    var table = Table([.left("NAME"), .left("NEXT")])
    table.add(["a\u{1b}[2Jb\nc\u{7f}\u{9b}\u{202e}", "ok"])
    #expect(table.lines(legend: false) == ["a\\u{1b}[2Jb\\u{a}c\\u{7f}\\u{9b}\\u{202e}  ok"])
    #expect(printable("größe 4 KiB – ok") == "größe 4 KiB – ok")
  }

  @Test(
    "colour needs a terminal and no NO_COLOR",
    arguments: [
      (true, ["TERM": "xterm"], true), (false, ["TERM": "xterm"], false),
      (true, ["TERM": "xterm", "NO_COLOR": "1"], false), (true, ["TERM": "xterm", "NO_COLOR": ""], true),
      (true, ["TERM": "dumb"], false), (true, [:], false),
    ])
  func colour(_ isTerminal: Bool, _ environment: [String: String], _ expected: Bool) {
    #expect(Style(isTerminal: isTerminal) { environment[$0] }.colour == expected)
  }

  @Test(
    "pictures use Unicode where the locale has it",
    arguments: [
      (["LANG": "en_US.UTF-8"], true), (["LANG": "C.utf8"], true), (["LANG": "C"], false), ([:], false),
      (["LANG": "en_US.UTF-8", "LC_ALL": "C"], false), (["LANG": "C", "LC_CTYPE": "de_DE.UTF-8"], true),
      (["LANG": "C.UTF-8", "LC_ALL": ""], true),
    ])
  func unicode(_ environment: [String: String], _ expected: Bool) {
    #expect(Style(isTerminal: false) { environment[$0] }.unicode == expected)
  }

  @Test("JSON output carries its version first")
  func versions() {
    #expect(JSONOutput.versioned("{}") == "{\"schemaVersion\":1}")
    #expect(JSONOutput.versioned("{\"a\":1}") == "{\"schemaVersion\":1,\"a\":1}")
    #expect(JSONOutput.versioned(" { }") == "{\"schemaVersion\":1}")
  }

  @Test("one report, three forms")
  func report() {
    let result = IOASAlloc.Result(ioas: 7)
    let report = Report(result, ids: ["7"], .table(Self.table, picture: { _ in ["drawn"] }))
    #expect(report.lines(.ids, style: .plain) == ["7"])
    #expect(report.lines(.json, style: .plain) == ["{\"schemaVersion\":1,\"ioas\":7}"])
    #expect(report.lines(.people(legend: true), style: .plain).suffix(2) == ["", "drawn"])
    #expect(report.lines(.people(legend: false), style: .plain) == Self.table.lines(legend: false))
    let fields = Report(result, .fields([("a", "1"), ("long", "2")]))
    #expect(fields.lines(.people(legend: true), style: .plain) == ["   a: 1", "long: 2"])
    #expect(Report(result, .sentence("ioas 7")).lines(.ids, style: .plain).isEmpty)
  }

  @Test("each problem has its exit status and says what was refused")
  func problems() {
    var failure = Failure(.ebusy, "the range is pinned", field: "iova")
    failure.pins = [1, 4]
    failure.done = 65536
    let refused = Problem.refused(failure)
    #expect(refused.exitStatus == 1)
    #expect(
      refused.message
        == "EBUSY: the range is pinned (iova); 65536 bytes were done in all; held by pin 1, 4")
    #expect(Problem(ClientError.unreachable(path: "/x", errno: .enoent)).exitStatus == 3)
    #expect(Problem(ClientError.lost(nil)).exitStatus == 3)
    #expect(Problem.usage("no").exitStatus == 64)
    #expect(Problem.ended(7).exitStatus == 7)
    #expect(Problem.ended(7).message == nil)
  }

  @Test("the progress bar fits a line and knows when it is done")
  func progress() {
    let half = bar("copying", done: 1 << 30, total: 2 << 30, nanoseconds: 2_000_000_000, unicode: false)
    #expect(half.count == 79)
    #expect(half.hasPrefix("copying [####") && half.hasSuffix("....] 50% 512 MiB/s"))
    let full = bar("copying", done: 10, total: 5, nanoseconds: 0, unicode: true)
    #expect(full.contains("█] 100% ") && !full.contains("·"))
    #expect(
      bar("writing", done: 1 << 20, total: nil, nanoseconds: 1_000_000_000, unicode: false)
        == "writing 1 MiB, 1 MiB/s")
  }
}
