// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuDaemon
import IommuWire
import Testing

@Suite struct EventTests {
  /// Makes a device that is attached to nothing, so that all of its DMA faults.
  private func bind(_ client: TestClient) throws -> UInt64 {
    try #require(member("device", of: try client.call("device.bind") ?? ""))
  }

  private func fault(_ client: TestClient, _ device: UInt64, at iova: UInt64 = 0x1000) throws {
    let answer = try client.call("device.dma_read", #"{"device":\#(device),"iova":\#(iova),"length":1}"#)
    #expect(errorCode(answer) == Int(EFAULT))
  }

  @Test func `A subscriber is told what happens in its context, one line an event, behind the answer`() throws
  {
    let daemon = try TestDaemon()
    let client = try daemon.connect()
    let device = try bind(client)
    try fault(client, device)
    #expect(
      try client.call("events.subscribe", #"{"kinds":["dma.fault"]}"#)
        == #"{"jsonrpc":"2.0","id":"c","result":{"seq":0,"kinds":["dma.fault"],"unmaps":[],"faults":1,"degraded":0,"frames_changed":false}}"#
    )
    try fault(client, device, at: 0x5000)
    #expect(
      try client.line()
        == #"{"jsonrpc":"2.0","method":"event","params":{"seq":1,"kind":"dma.fault","device":1,"iova":"0x5000","done":0,"write":false}}"#
    )
    let write = #"{"device":\#(device),"iova":8192,"data":"AAAA"}"#
    #expect(errorCode(try client.call("device.dma_write", write)) == Int(EFAULT))
    #expect(try client.line()?.hasSuffix(#""iova":"0x2000","done":0,"write":true}}"#) == true)
    #expect(isResult(try client.call("events.unsubscribe"), of: "c"))
    try fault(client, device)
    #expect(isResult(try client.call("server.info"), of: "c"))
  }

  @Test func `Events of other contexts are for those who may see all, who are told where it was`() throws {
    let daemon = try TestDaemon()
    let (first, second, other) = (try daemon.connect(), try daemon.connect(), try daemon.connect())
    let observer = try daemon.connect(.observer)
    for client in [first, second] {
      #expect(isResult(try client.call("context.open", #"{"name":"vm"}"#), of: "c"))
    }
    #expect(errorCode(try other.call("events.subscribe", #"{"everywhere":true}"#)) == Int(EPERM))
    #expect(errorCode(try other.call("events.subscribe", #"{"kinds":["lost"]}"#)) == Int(EINVAL))
    #expect(isResult(try other.call("events.subscribe"), of: "c"))
    #expect(isResult(try second.call("events.subscribe"), of: "c"))
    #expect(isResult(try observer.call("events.subscribe", #"{"everywhere":true}"#), of: "c"))
    try fault(first, try bind(first))
    #expect(try second.line()?.contains(#""params":{"seq":1,"kind":"dma.fault","device":1,"#) == true)
    let seen = try #require(try observer.line())
    #expect(seen.contains(#""params":{"seq":1,"owner":\#(getuid()),"context":"vm","kind":"dma.fault""#))
    // The one elsewhere would have been told by now.
    #expect(isResult(try other.call("server.info"), of: "c"))
    #expect(!other.isReady(POLLIN))
    // Neither is one that does not want to know, nor one that has gone elsewhere.
    let none = try second.call("events.unsubscribe", #"{"kinds":["dma.fault"]}"#)
    let kinds =
      #""kinds":["access.unmap_requested","pin.revoked","context.destroyed","context.degraded","#
      + #""context.frames_changed"]"#
    #expect(none?.contains(kinds) == true)
    try fault(first, 1)
    #expect(isResult(try second.call("server.info"), of: "c"))
    #expect(!second.isReady(POLLIN))
  }

  @Test func `A slow reader loses events and is told how many, and nobody waits for it`() throws {
    let daemon = try TestDaemon { $0.limits.flushedBytes = 1 }
    let (slow, busy) = (try daemon.connect(), try daemon.connect())
    for client in [slow, busy] {
      #expect(isResult(try client.call("context.open", #"{"name":"vm"}"#), of: "c"))
    }
    #expect(isResult(try slow.call("events.subscribe"), of: "c"))
    let device = try bind(busy)
    // Far more than the socket and the queue take.
    let total: UInt64 = 20_000
    for _ in 0..<(total / 100) {
      try busy.send(
        (0..<100).map {
          request("\($0)", "device.dma_read", #"{"device":\#(device),"iova":\#($0),"length":1}"#)
        }
        .joined())
      for number in 0..<100 { #expect(try busy.line()?.contains(#""id":"\#(number)","error""#) == true) }
    }
    var expected: UInt64 = 0
    var lost: UInt64 = 0
    while expected < total {
      let line = try #require(try slow.line())
      let seq = try #require(member("seq", of: line))
      if line.contains(#""kind":"lost""#) {
        let gap = try #require(member("lost", of: line))
        expected += gap
        lost += gap
      } else {
        expected += 1
      }
      #expect(seq == expected)
    }
    #expect(lost > 0 && lost < total)
    // From here on everything is told again, and the client's own answers come as ever.
    try fault(busy, device)
    #expect(member("seq", of: try slow.line() ?? "") == total + 1)
    #expect(isResult(try slow.call("server.info"), of: "c"))
  }

  @Test func `Events come while a request is parked, and never inside another line`() throws {
    let daemon = try TestDaemon()
    let (waiting, busy, admin) = (try daemon.connect(), try daemon.connect(), try daemon.connect(.admin))
    for client in [waiting, busy] {
      #expect(isResult(try client.call("context.open", #"{"name":"vm"}"#), of: "c"))
    }
    #expect(isResult(try waiting.call("events.subscribe"), of: "c"))
    try waiting.send(request("p", "test.park", #"{"milliseconds":60000}"#))
    try fault(busy, try bind(busy))
    #expect(member("seq", of: try waiting.line() ?? "") == 1)
    while !waiting.isReady(POLLIN) { _ = try admin.call("test.release", #"{"count":1}"#) }
    #expect(isResult(try waiting.line(), of: "p"))
    // A long answer that the client reads in pieces, with an event behind it.
    try waiting.send(request("t", "test.text", #"{"bytes":900000}"#))
    try fault(busy, 1)
    var lines = [try #require(try waiting.line()), try #require(try waiting.line())]
    lines.sort { $0.count < $1.count }
    #expect(member("seq", of: lines[0]) == 2)
    #expect(isResult(lines[1], of: "t"))
  }
}

@Suite struct EventQueueTests {
  @Test func `What does not fit is counted, and told once what fits was taken`() {
    let queue = EventQueue()
    let body = Event.Body.fault(DMAFault())
    for _ in 0..<EventQueue.limit + 3 { queue.append(body) }
    var events: [Event] = []
    // Room alone is not enough: what comes now would overtake what is lost.
    while events.count < 10, let event = queue.next() { events.append(event) }
    queue.append(body)
    while let event = queue.next() { events.append(event) }
    #expect(events.dropLast().map(\.seq) == (1...UInt64(EventQueue.limit)).map { $0 })
    #expect(events.last == Event(seq: UInt64(EventQueue.limit) + 4, .lost(Lost(lost: 4))))
    #expect(queue.isEmpty)
    queue.append(body)
    #expect(queue.next()?.seq == UInt64(EventQueue.limit) + 5)
  }

  @Test func `Large events take more room`() {
    let queue = EventQueue()
    var large = PinRevoked()
    large.pins = Array(repeating: 1, count: 1000)
    for _ in 0..<100 { queue.append(.pinRevoked(large)) }
    var count = 0
    while let event = queue.next(), event.kind == .pinRevoked { count += 1 }
    #expect((1..<20).contains(count))
  }
}
