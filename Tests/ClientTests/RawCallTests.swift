// SPDX-License-Identifier: Apache-2.0

import IommuClient
import IommuWire
import Testing

struct RawCallTests {
  @Test func byName() throws {
    let client = try Peer.serve { request, _, outbox in
      #expect(request.method == "some.method" && request.parametersText == #"{"a": [1, "x"]}"#)
      outbox.line(#"{"jsonrpc":"2.0","id":1,"result":{"deep":[{"a":1.50}]}}"#)
    }
    #expect(
      try client.call("some.method", parameters: #"{"a": [1, "x"]}"#).result == #"{"deep":[{"a":1.50}]}"#)
  }

  @Test func byNameRefused() throws {
    let client = try Peer.serve { request, _, outbox in outbox.refuse(request.id, Failure(.enoent, "none")) }
    #expect(throws: ClientError.refused(Failure(.enoent, "none"))) { try client.call("m") }
  }

  @Test func wholeLines() throws {
    let client = try Peer.serve(closesAfter: 2) { request, _, outbox in outbox.answer(request.id, Nothing()) }
    try client.sendLine(#"{"jsonrpc":"2.0","id":"x","method":"m"}"#)
    try client.sendLine("what?")
    try client.sendLine(#"{"jsonrpc":"2.0","id":9,"method":"m"}"#)
    #expect(try client.receiveLine()?.result == #"{"jsonrpc":"2.0","id":"x","result":{}}"#)
    #expect(try client.receiveLine()?.result.contains(#""id":null,"error":{"code":-32700"#) == true)
    #expect(try client.receiveLine()?.result == #"{"jsonrpc":"2.0","id":9,"result":{}}"#)
    #expect(try client.receiveLine() == nil)
  }
}
