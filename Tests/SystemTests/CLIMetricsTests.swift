// SPDX-License-Identifier: Apache-2.0

import IommuClient
import Testing
import iommuctl

@Suite("Metrics")
struct CLIMetricsTests {
  @Test("what is held is a gauge, what happened is a counter, and kinds are labels")
  func format() throws {
    var stats = ServerStats.Result()
    stats.state.areas = 7
    stats.state.objects.hwpt = 3
    stats.totals.maps = 1 << 63
    stats.totals.loopGap = 5
    let lines = try MetricsOutput(stats).lines
    #expect(lines.contains("iommud_areas 7"))
    #expect(lines.contains("# TYPE iommud_areas gauge"))
    #expect(lines.contains("iommud_objects{kind=\"hwpt\"} 3"))
    #expect(lines.filter { $0.hasPrefix("# TYPE iommud_objects ") } == ["# TYPE iommud_objects gauge"])
    #expect(lines.contains("iommud_maps_total 9223372036854775808"))
    #expect(lines.contains("# TYPE iommud_maps_total counter"))
    #expect(lines.contains("iommud_loop_gap 5"))
    #expect(lines.contains("# TYPE iommud_loop_gap gauge"))
  }

  @Test("every metric is described before its first value, once, and has a value")
  func described() throws {
    var current = ""
    var seen: Set<String> = []
    var valued: Set<String> = []
    for line in try MetricsOutput(ServerStats.Result()).lines {
      let words = line.split(separator: " ").map(String.init)
      if words[0] == "#" {
        if words[1] == "HELP" {
          #expect(seen.insert(words[2]).inserted, "\(words[2]) is described twice")
          current = words[2]
        }
        #expect(words[2] == current && words.count > 3)
      } else {
        #expect(words.count == 2 && words[1] == "0")
        #expect(words[0] == current || words[0].hasPrefix("\(current){kind="))
        valued.insert(current)
      }
    }
    #expect(valued == seen && seen.count > 20)
  }
}
