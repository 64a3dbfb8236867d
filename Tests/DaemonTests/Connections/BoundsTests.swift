// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire
import Testing

@Suite struct BoundsTests {
  @Test func `Nothing more is read from a client that does not read, and nothing is lost`() throws {
    let daemon = try TestDaemon()
    let (client, observer) = (try daemon.connect(), try daemon.connect(.observer))
    try client.send((0..<120).map { request("\($0)", "test.text", #"{"bytes":65536}"#) }.joined())
    // What was answered lies in the client's socket and in the 256 KiB that may wait, with one on top.
    let stalled = try observer.settledRequests()
    #expect(stalled > 2 && stalled < 40)
    for number in 0..<120 { #expect(isResult(try client.line(), of: "\(number)")) }
  }

  @Test func `A client for which too much waits is dropped, and nobody else`() throws {
    let entries = Entries()
    let daemon = try TestDaemon {
      $0.limits.droppedBytes = 300 << 10
      $0.journal = entries.journal
    }
    let (client, other) = (try daemon.connect(), try daemon.connect())
    try client.send(request("t", "test.text", #"{"bytes":1000000}"#))
    while member("connections", of: try other.call("server.stats") ?? "") != 1 {}
    #expect(try client.line() == nil)
    #expect(try other.number("test.count") == 0)
    let entry = try #require(entries.of(.connectionDropped).first)
    #expect(entry.message.contains("bytes of answers wait unread"))
    #expect(entry.fields.contains("IOMMU_UID=\(geteuid())"))
  }

  @Test func `Who breaks the protocol all the time does not fill the journal`() throws {
    let entries = Entries()
    let daemon = try TestDaemon { $0.journal = entries.journal }
    for _ in 0..<100 {
      let client = try daemon.connect()
      #expect(errorCode(try client.call(#"x","fds":1,"more":""#)) == -32600)
      #expect(try client.line() == nil)
    }
    let written = entries.of(.protocolViolated)
    #expect(written.count >= 10 && written.count < 100)
    #expect(!written.contains { $0.message.contains("more") })
  }

  @Test func `An answer longer than a line is an error of its own`() throws {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    #expect(errorCode(try client.call("test.text", #"{"bytes":1048576}"#)) == Int(EOVERFLOW))
    #expect(try client.number("test.count") == 0)
  }

  @Test func `At most so many descriptors wait for one client`() throws {
    let daemon = try TestDaemon { $0.limits.unreadDescriptors = 20 }
    let (client, observer) = (try daemon.connect(), try daemon.connect(.observer))
    let count = 100
    try client.send((0..<count).map { request("\($0)", "test.descriptor") }.joined())
    // The client reads nothing: all that comes are those that may be on their way, and one batch that waits.
    #expect(try observer.settledRequests() < 60)
    for number in 0..<count {
      let answer = try #require(try client.answer())
      #expect(isResult(answer.text, of: "\(number)"))
      #expect(answer.descriptors == 1)
    }
  }

  @Test func `Requests that were read before the client was behind are done once it is not`() throws {
    let daemon = try TestDaemon { $0.limits.unreadDescriptors = 2 }
    let client = try daemon.connect()
    // That it reads just when the daemon has given up is a matter of chance, with many chances.
    for _ in 0..<100 {
      try client.send(String(repeating: request("d", "test.descriptor"), count: 100))
      for _ in 0..<100 { #expect(try client.answer()?.descriptors == 1) }
    }
  }

  @Test func `Clients that do not read descriptors do not use them all up together`() throws {
    let daemon = try TestDaemon { $0.limits.allUnreadDescriptors = 20 }
    let (first, second) = (try daemon.connect(), try daemon.connect())
    try first.send((0..<20).map { request("\($0)", "test.descriptor") }.joined())
    while !first.isReady(POLLIN) {}
    try second.send(request("s", "test.descriptor") + request("t", "test.count"))
    // The first takes what it has asked for, and so makes room.
    for _ in 0..<20 { #expect(try first.answer()?.descriptors == 1) }
    #expect(try second.answer()?.descriptors == 1)
    #expect(isResult(try second.line(), of: "t"))
  }

  @Test func `Descriptors that wait for the ends of their lines are bounded for all connections together`()
    throws
  {
    let daemon = try TestDaemon { $0.limits.allWaitingDescriptors = 100 }
    let line = request("t", "test.take", #"{"indexes":[0]}"#, fds: 16)
    func begin() throws -> TestClient {
      let client = try daemon.connect()
      try client.send("{", descriptors: DescriptorBatch(owning: try (0..<16).map { _ in try descriptor() }))
      return client
    }
    let observer = try daemon.connect(.observer)
    let clients = try (0..<3).map { _ in try begin() }
    while try received(observer) < 48 {}
    // 50 is half of 100.
    let last = try begin()
    #expect(errorCode(try last.line()) == Int(EDQUOT))
    #expect(try last.line() == nil)
    for client in clients { try client.send(String(line.dropFirst())) }
    for client in clients { #expect(isResult(try client.line(), of: "t")) }
    let next = try begin()
    try next.send(String(line.dropFirst()))
    #expect(isResult(try next.line(), of: "t"))
  }

  @Test func `Where many descriptors wait, a connection receives no more than those of a line ahead`() throws
  {
    let daemon = try TestDaemon { $0.limits.allWaitingDescriptors = 100 }
    let (client, observer) = (try daemon.connect(), try daemon.connect(.observer))
    try client.send(request("p", "test.park", #"{"milliseconds":60000}"#))
    for number in 0..<8 {
      let batch = DescriptorBatch(owning: try (0..<10).map { _ in try descriptor() })
      try client.send(request("\(number)", "test.take", #"{"indexes":[0]}"#, fds: 10), descriptors: batch)
    }
    _ = try observer.settledRequests()
    #expect(try received(observer) == 30)
    let admin = try daemon.connect(.admin)
    #expect(isResult(try admin.call("test.release", #"{"count":1}"#), of: "c"))
    #expect(isResult(try client.line(), of: "p"))
    for number in 0..<8 { #expect(isResult(try client.line(), of: "\(number)")) }
  }

  private func received(_ observer: TestClient) throws -> UInt64 {
    try #require(member("descriptors", of: try observer.totals()))
  }

  private func descriptor() throws -> Int32 {
    let made = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    try #require(made >= 0)
    return made
  }
}
