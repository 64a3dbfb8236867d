// SPDX-License-Identifier: Apache-2.0

import IommuWire
import Testing

/// What is wrong for another reason than one value: ``WrongParameterTests`` has those for every method.
@Suite("Bad input")
struct BadInputTests {
  @Test(
    "is refused with its error, and nothing has changed",
    arguments: [
      Bad.mapping, Bad.copying, Bad.limits, Bad.unmapping, Bad.unmappingLists, Bad.objects, Bad.devices,
      Bad.tables,
      Bad.accesses,
    ])
  func refused(table: [Bad]) throws {
    let scene = try Scene()
    let listed = try scene.caller.objects
    let state = try scene.house.state
    for bad in table {
      let comment = Comment(rawValue: bad.testDescription)
      do {
        try bad.body(scene)
        Issue.record("it was not refused: \(bad.testDescription)")
      } catch let failure as Failure {
        #expect(failure.errno == bad.errno, comment)
        #expect(failure.field == bad.field, comment)
        #expect(!failure.message.isEmpty, comment)
      }
      #expect(try scene.caller.objects == listed, comment)
      #expect(try scene.house.state == state, comment)
    }
  }
}
