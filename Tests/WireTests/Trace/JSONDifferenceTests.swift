// SPDX-License-Identifier: Apache-2.0

import IommuWire
import Testing

@Suite struct JSONDifferenceTests {
  private func differences(_ before: String, _ after: String, _ lenient: Set<String> = []) -> [String] {
    JSONDifference.all(Array(before.utf8), Array(after.utf8)) { lenient.contains($0) }
      .map { "\($0.path): \($0.before ?? "-") \($0.after ?? "-")" }
  }

  @Test func `What says the same is the same`() {
    #expect(differences(#"{"a":1,"b":[true,null]}"#, #"{"b":[true,null],"a":1}"#) == [])
    #expect(differences("[]", "[ ]") == [])
    #expect(differences("no JSON", "no JSON") == [])
  }

  @Test func `Every place is named`() {
    #expect(differences(#"{"a":1}"#, #"{"a":18446744073709551615}"#) == ["a: 1 18446744073709551615"])
    #expect(
      differences(#"{"a":{"b":[{"c":"x"},2]},"d":1}"#, #"{"a":{"b":[{"c":"y"}]},"e":1}"#) == [
        #"a.b[0].c: "x" "y""#, "a.b[1]: 2 -", "d: 1 -", "e: - 1",
      ])
    #expect(differences(#"{"a":[1]}"#, #"{"a":{"b":1}}"#) == [#"a: [1] {"b":1}"#])
    #expect(differences("[true]", "[false]") == ["[0]: true false"])
    #expect(differences("1", "no JSON") == [": 1 no JSON"])
  }

  @Test func `What may differ has to be there, and of its kind`() {
    let old = #"{"r":{"pid":1,"ok":true}}"#
    #expect(differences(old, #"{"r":{"pid":2,"ok":false}}"#, ["r.pid", "r.ok"]) == [])
    #expect(differences(old, #"{"r":{"pid":2,"ok":true}}"#, ["pid"]) == ["r.pid: 1 2"])
    #expect(differences(old, #"{"r":{"pid":"2","ok":true}}"#, ["r.pid"]) == [#"r.pid: 1 "2""#])
    #expect(differences(old, #"{"r":{"ok":true}}"#, ["r.pid"]) == ["r.pid: 1 -"])
    #expect(differences(old, #"{"r":{"any":[]}}"#, ["r"]) == [])
  }
}
