// SPDX-License-Identifier: Apache-2.0

import Testing
import iommuctl

@Suite("What a replay says")
struct ReplayOutputTests {
  @Test(
    "members that may differ",
    arguments: [
      ("server.info", "result.pid", true), ("server.stats", "result.pid", false),
      ("server.stats", "result.totals", true), ("server.stats", "result.state.areas", false),
      ("server.stats", "result.quotas[11].limit", true), ("server.stats", "result.quotas[11].used", false),
      ("event", "params.wait_ms", true), ("ioas.unmap", "error.data.holders[0].held_ms", true),
      ("ioas.unmap", "error.data.holders[0].pins", false), ("memory.open", "fds[2].allocated", true),
      ("memory.open", "fds[2].size", false), ("", "error.message", false), ("", "", false),
    ])
  func mayDiffer(_ method: String, _ path: String, _ expected: Bool) {
    for knows in [true, false] {
      #expect(MayDiffer.allows(method, path, knowsContents: knows) == expected)
    }
  }

  @Test("contents have to be the same only where all of them came by requests")
  func contents() {
    #expect(!MayDiffer.allows("access.read", "result.data", knowsContents: true))
    #expect(MayDiffer.allows("access.read", "result.data", knowsContents: false))
    #expect(!MayDiffer.allows("access.read", "error.data", knowsContents: false))
  }

  @Test("long texts that differ are shown from shortly before the difference on")
  func shortened() {
    #expect(excerpts("1", "22", 10) == ("1", "22"))
    #expect(excerpts("abcdefghij", "abcdefghik", 10) == ("abcdefghij", "abcdefghik"))
    #expect(excerpts("abcdefghijklm", "abcdefghijklM", 10) == ("...ijklm", "...ijklM"))
    #expect(excerpts("0123456789abcdefghijkl", "", 10) == ("0123456...", ""))
    #expect(excerpts("0123456789abcdefghijkl", "012345678", 10) == ("...5678...", "...5678"))
  }

  private func item(_ line: UInt64, _ method: String, _ path: String, _ before: String?, _ after: String?)
    -> ReplayOutcome.Item
  {
    var item = ReplayOutcome.Item()
    (item.line, item.method, item.path, item.before, item.after) = (line, method, path, before, after)
    return item
  }

  @Test("differences are rows of at most 80 columns, and then comes what they amount to")
  func table() {
    var outcome = ReplayOutcome()
    (outcome.requests, outcome.answers, outcome.sameAnswers) = (1, 3, 3)
    #expect(outcome.summary == "1 request, 3 answers the same, no differences")
    (outcome.events, outcome.sameEvents) = (1, 1)
    #expect(outcome.summary == "1 request, 3 answers and 1 event the same, no differences")
    let long = String(repeating: "word ", count: 20)
    outcome.items = [
      item(7, "ioas.map", "result.iova", #""0x1000""#, #""0x2000""#),
      item(12345, "server.methods", "", long + "one", long + "two"), item(12346, "", "", nil, "{}"),
    ]
    (outcome.sameAnswers, outcome.sameEvents) = (1, 0)
    #expect(outcome.summary == "1 request, 1 of 3 answers the same, 0 of 1 event the same, 3 differences")
    let lines = Report(outcome, ids: ["7"], .findings(outcome.table(width: 80), outcome.summary))
      .lines(.people(legend: true), style: .plain)
    #expect(
      lines == [
        " LINE  METHOD          WHERE        BEFORE      AFTER",
        #"    7  ioas.map        result.iova  "0x1000"    "0x2000""#,
        "12345  server.methods  -            ...ord one  ...ord two",
        "12346  -               -            -           {}",
        outcome.summary,
      ])
    #expect(lines.allSatisfy { $0.count <= 80 })
  }
}
