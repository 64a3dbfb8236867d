// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire
import Testing

/// Users have their turns one after the other, on however many connections they ask for however much.
@Suite struct TurnTests {
  private func counts(_ count: Int) -> String { (0..<count).map { request("\($0)", "test.count") }.joined() }

  @Test func `Who has one connection waits for one turn of who has many, not for all of them`() throws {
    let daemon = try SteppedDaemon { $0.limits.turn = 4 }
    let many = try (0..<20).map { _ in try daemon.connect(uid: 1) }
    for client in many { try client.send(counts(50)) }
    let one = try daemon.connect(uid: 2)
    // All are looked at once, and then take turns.
    for _ in 0..<30 { try daemon.turn() }
    let before = try #require(member("number", of: try daemon.call(one, "test.count") ?? ""))
    let after = try #require(member("number", of: try daemon.call(one, "test.count") ?? ""))
    // Each of its requests waits for what had begun, and for one more turn at most.
    #expect(after - before <= 9, "\(after - before) requests came in between")
    try daemon.finish()
    for client in many {
      for number in 0..<50 { #expect(isResult(try client.line(), of: "\(number)")) }
    }
  }

  @Test func `Three users get the same, whatever they have`() throws {
    let daemon = try SteppedDaemon { $0.limits.turn = 4 }
    let clients = try [1, 1, 1, 1, 2, 2, 3].map { try daemon.connect(uid: $0) }
    for client in clients { try client.send(counts(100)) }
    try daemon.finish()
    var last: [UInt64] = []
    // The last of the hundred that each user's first connection has asked for.
    for client in [clients[6], clients[4], clients[0]] {
      var line: String?
      for _ in 0..<100 { line = try client.line() }
      last.append(try #require(member("number", of: line ?? "")))
    }
    // Alone among three it had a third of the turns until it was done.
    #expect(last[0] < 330, "\(last)")
    #expect(last[0] < last[1] && last[1] < last[2])
  }

  @Test func `A line with very many ranges is done in pieces, and others are served in between`() throws {
    let daemon = try SteppedDaemon()
    let (large, small) = (try daemon.connect(uid: 1), try daemon.connect(uid: 2))
    #expect(isResult(try daemon.call(large, "ioas.alloc"), of: "c"))
    let first = try daemon.call(large, "ioas.map", #"{"ioas":1,"length":4096,"source":{"kind":"new"}}"#)
    let memory = try #require(member("memory", of: first ?? ""))
    let range = #"{"length":4096,"source":{"kind":"memory","memory":\#(memory)}}"#
    let ranges = [String](repeating: range, count: 4000).joined(separator: ",")
    try large.send(request("l", "ioas.map", #"{"ioas":1,"ranges":[\#(ranges)]}"#))
    var served = 0
    while !large.isReady(POLLIN) {
      #expect(isResult(try daemon.call(small, "server.info"), of: "c"))
      served += 1
    }
    #expect(served > 20)
    #expect(isResult(try large.line(), of: "l"))
    let state = try daemon.call(small, "server.stats") ?? ""
    #expect(member("areas", of: state) == 4001)
    #expect(
      try daemon.call(large, "ioas.unmap", #"{"ioas":1,"all":true}"#)?.contains(#""unmapped":16388096"#)
        == true)
    #expect(member("pages", of: try daemon.call(small, "server.stats") ?? "") == 0)
  }

  @Test func `The last of very many ranges is wrong, and nothing has changed`() throws {
    let daemon = try SteppedDaemon()
    let client = try daemon.connect(uid: 1)
    #expect(isResult(try daemon.call(client, "ioas.alloc"), of: "c"))
    let before = try daemon.call(client, "server.stats") ?? ""
    let range = #"{"length":4096,"source":{"kind":"memory","memory":7}}"#
    let ranges = [String](repeating: range, count: 2000).joined(separator: ",")
    let answer = try daemon.call(client, "ioas.map", #"{"ioas":1,"ranges":[\#(ranges)]}"#)
    #expect(answer?.contains(#""field":"ranges[0].source.memory""#) == true)
    let after = try daemon.call(client, "server.stats") ?? ""
    let end = try #require(before.firstRange(of: #""totals":"#))
    #expect(after.hasPrefix(before[..<end.lowerBound].description))
    // Unknown members of a line that a worker reads are refused as ever.
    let bogus = try daemon.call(client, "ioas.areas", #"{"ioas":1,"ranges":[\#(ranges)]}"#)
    #expect(errorCode(bogus) == -32602)
    #expect(errorCode(try daemon.call(client, "ioas.nothing", #"{"ranges":[\#(ranges)]}"#)) == -32601)
  }
}
