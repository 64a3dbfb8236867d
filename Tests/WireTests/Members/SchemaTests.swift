// SPDX-License-Identifier: Apache-2.0

import Foundation
import IommuWire
import Testing

struct SchemaTests {
  private func object(_ text: JSONText) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.text.utf8)) as? [String: Any])
  }

  @Test func plainMethod() {
    let item = ServerMethods.Item(describing: AccessUnpin.self, role: .user)
    #expect(
      item.parameters.text
        == #"{"type":"object","properties":{"access":{"type":"integer","minimum":0,"maximum":4294967295,"#
        + #""description":"access that pinned"},"pin":{"type":"integer","minimum":0,"maximum":4294967295,"#
        + #""description":"as access.pin answered it"}},"required":["access","pin"],"additionalProperties":false}"#
    )
    #expect(item.result.text == #"{"type":"object","properties":{}}"#)
    #expect(item.errors == ["EBUSY", "ENOENT"])
  }

  @Test func formsExcludeEachOther() throws {
    let map = try object(ServerMethods.Item(describing: IOASMap.self, role: .user).parameters)
    let forms = try #require(map["oneOf"] as? [[String: Any]])
    #expect(
      forms.compactMap { $0["required"] as? [String] } == [
        ["ioas", "length", "source"], ["ioas", "ranges"],
      ])
    let unmap = try object(ServerMethods.Item(describing: IOASUnmap.self, role: .user).parameters)
    let unmapForms = try #require(unmap["oneOf"] as? [[String: Any]])
    #expect(
      unmapForms.compactMap { $0["required"] as? [String] } == [
        ["ioas", "iova", "length"], ["ioas", "ranges"], ["ioas"],
      ])
  }

  @Test func everySchemaIsJSON() throws {
    var names: Set<String> = []
    func describe<M: Method>(_ method: M.Type) throws {
      let item = ServerMethods.Item(describing: method, role: .user)
      _ = try object(item.parameters)
      _ = try object(item.result)
      #expect(!item.summary.isEmpty && names.insert(item.name).inserted)
      #expect(isAccepted(Array(encode(item).utf8)))
      #expect(item.errors == item.errors.sorted(), "\(item.name)")
    }
    for method in Reference.methods { try describe(method) }
    #expect(names.count == Reference.methods.count)
  }

  @Test func referenceNamesEveryMember() {
    let text = Reference.markdown()
    for method in Reference.methods { #expect(text.contains("\n## \(method.name)\n")) }
    #expect(text.contains("| `source.fd` | integer of 32 bits |"))
    #expect(text.contains("| `ranges[].source.kind` |"))
    #expect(text.contains("| `state.objects.ioas` | integer | address spaces |"))
  }
}
