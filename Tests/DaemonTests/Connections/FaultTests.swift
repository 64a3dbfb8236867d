// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite struct FaultTests {
  private func devNull(_ count: Int) -> DescriptorBatch {
    DescriptorBatch(owning: (0..<count).map { _ in unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) })
  }

  @Test func `A broken line costs one error`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send("{\"jsonrpc\":\n" + request("n", "test.count"))
    let broken = try #require(try client.line())
    #expect(broken.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"#))
    #expect(isResult(try client.line(), of: "n"))
  }

  @Test func `An overlong line costs one error`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(String(repeating: "x", count: 1_200_000) + "\n" + request("n", "test.count"))
    #expect(errorCode(try client.line()) == -32700)
    #expect(isResult(try client.line(), of: "n"))
  }

  @Test func `Unknown methods, missing and unknown members are errors of the envelope`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    #expect(errorCode(try client.call("test.nothing")) == -32601)
    #expect(errorCode(try client.call(String(repeating: "long", count: 1000))) == -32601)
    #expect(errorCode(try client.call("test.text")) == -32602)
    #expect(errorCode(try client.call("test.text", #"{"bytes":1,"more":2}"#)) == -32602)
    #expect(errorCode(try client.call("test.text", #"{"bytes":18446744073709551616}"#)) == -32602)
    #expect(try client.number("test.count") == 0)
  }

  @Test(arguments: [0, 2])
  func `A wrong count of descriptors ends the connection with one error`(brought: Int) throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    try client.send(request("before", "test.count"))
    #expect(isResult(try client.line(), of: "before"))
    let line = request("wrong", "test.take", #"{"indexes":[0]}"#, fds: 1)
    try client.send(line + request("never", "test.count"), descriptors: brought > 0 ? devNull(brought) : nil)
    #expect(errorCode(try client.line()) == -32600)
    #expect(try client.line() == nil)
    let other = try daemon.connect()
    #expect(try other.number("test.count") == 1)
  }

  @Test func `Descriptors are taken once, and the others are closed with the request`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    func take(_ indexes: String, of count: Int) throws -> String? {
      try client.send(
        request("t", "test.take", #"{"indexes":[\#(indexes)]}"#, fds: count),
        descriptors: count > 0 ? devNull(count) : nil)
      return try client.line()
    }
    #expect(isResult(try take("1,0", of: 3), of: "t"))
    #expect(errorCode(try take("0,0", of: 2)) == Int(EINVAL))
    #expect(errorCode(try take("2", of: 2)) == Int(EINVAL))
    #expect(errorCode(try take("0", of: 0)) == Int(EINVAL))
    #expect(errorCode(try client.call("test.unknown")) == -32601)
  }

  @Test func `Roles come with the socket`() throws {
    let daemon = try TestDaemon()
    let observer = try daemon.connect(.observer)
    #expect(try observer.call("server.info")?.contains(#""role":"observer""#) == true)
    #expect(try observer.number("test.count") == 0)
    #expect(errorCode(try observer.call("test.gate")) == Int(EPERM))
    let user = try daemon.connect()
    #expect(errorCode(try user.call("test.release", #"{"count":0}"#)) == Int(EPERM))
    #expect(try user.number("test.count") == 1)
    let admin = try daemon.connect(.admin)
    #expect(isResult(try admin.call("test.release", #"{"count":0}"#), of: "c"))
    #expect(try admin.number("test.count") == 2)
  }

  @Test func `A connection beyond the quota is told so and closed`() throws {
    let daemon = try TestDaemon()
    var clients: [TestClient] = []
    for _ in 0..<128 { clients.append(try daemon.connect()) }
    #expect(try clients[127].number("test.count") == 0)
    let one = try daemon.connect()
    #expect(errorCode(try one.line()) == Int(EDQUOT))
    #expect(try one.line() == nil)
  }
}
