// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// Requests that are sent again after their answer was lost.
@Suite struct RequestKeyTests {
  private let map = #"{"ioas":1,"length":4096,"source":{"kind":"new"}}"#

  private func keyed(_ key: String, _ method: String, _ parameters: String, _ id: String = "k") -> String {
    #"{"jsonrpc":"2.0","id":"\#(id)","key":"\#(key)","method":"\#(method)","params":\#(parameters)}"# + "\n"
  }

  @Test func `a request with a key is done once, also over a restart`() throws {
    let scene = try RestartScene()
    var first = ""
    do {
      let client = try scene.open(client: "me")
      try client.send(keyed("a", "ioas.alloc", "{}"))
      #expect(member("ioas", of: try client.line() ?? "") == 1)
      try client.send(keyed("b", "ioas.map", map))
      let answer = try client.answer()
      first = answer?.text ?? ""
      #expect(answer?.descriptors == 1)
      try client.send(keyed("b", "ioas.map", map))
      let again = try client.answer()
      #expect(again?.text == first && again?.descriptors == 1)
      #expect(member("objects", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 3)
    }
    try scene.restart()
    let client = try scene.open(client: "me")
    try client.send(keyed("b", "ioas.map", map))
    let again = try client.answer()
    #expect(again?.text == first && again?.descriptors == 1)
    #expect(member("objects", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 3)
    // Another sender's keys are its own.
    let other = try scene.open(client: "you")
    try other.send(keyed("b", "ioas.map", map))
    #expect(try other.answer()?.text != first)
  }

  @Test(arguments: [
    ("me", "a", "ioas.alloc", #"{"residency":"advisory"}"#, "was used for"),
    ("me", "x", "ioas.areas", #"{"ioas":1}"#, "takes no key"),
    (nil, "x", "ioas.alloc", "{}", "which client"),
  ])
  func `a key that makes no sense is refused`(
    client: String?, key: String, method: String, parameters: String, words: String
  ) throws {
    let scene = try RestartScene()
    let first = try scene.open(client: "me")
    try first.send(keyed("a", "ioas.alloc", "{}"))
    #expect(isResult(try first.line(), of: "k"))
    let other = try scene.open(client: client)
    try other.send(keyed(key, method, parameters))
    let answer = try other.line() ?? ""
    #expect(errorCode(answer) == 22 && answer.contains(words) && answer.contains(#""field":"key""#))
  }

  @Test func `a context that does not persist has no keys`() throws {
    let scene = try RestartScene()
    let client = try scene.daemon.connect()
    try client.send(keyed("a", "ioas.alloc", "{}"))
    #expect(errorCode(try client.line()) == 22)
  }

  @Test func `the oldest of very many results are forgotten`() throws {
    let scene = try RestartScene()
    let client = try scene.open(client: "me")
    for number in 0..<65 {
      try client.send(keyed("\(number)", "ioas.alloc", "{}"))
      #expect(member("ioas", of: try client.line() ?? "") == UInt64(number + 1))
    }
    try client.send(keyed("1", "ioas.alloc", "{}"))
    #expect(member("ioas", of: try client.line() ?? "") == 2)
    try client.send(keyed("0", "ioas.alloc", "{}"))
    #expect(member("ioas", of: try client.line() ?? "") == 66)
  }
}
