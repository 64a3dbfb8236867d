// SPDX-License-Identifier: Apache-2.0

import IommuClient
import IommuWire
import Testing

struct EventTests {
  private static func fault(_ seq: UInt64) -> Event {
    Event(seq: seq, .fault(DMAFault(device: 1, iova: IOVA(seq), done: 0, write: false)))
  }

  @Test func eventsAreKeptWhileAnswersAreWaitedFor() throws {
    let client = try Peer.serve { request, _, outbox in
      outbox.notify(Self.fault(1))
      outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
      outbox.notify(Self.fault(2))
    }
    #expect(try client.nextEvent(within: 0) == nil)
    #expect(try client.call(IOASAlloc()).ioas == 1)
    #expect(try client.nextEvent() == Self.fault(1))
    #expect(try client.nextEvent() == Self.fault(2))
    #expect(try client.nextEvent(within: 0) == nil)
    #expect(try client.nextEvent(within: 10) == nil)
  }

  @Test func answersAreKeptWhileEventsAreWaitedFor() throws {
    let client = try Peer.serve { request, batch, outbox in
      outbox.answer(request.id, MemoryOpen.Result(write: true), batch)
      outbox.notify(Self.fault(1))
    }
    let pending = try client.send(MemoryOpen(memory: 1), descriptors: [0])
    #expect(try client.nextEvent() == Self.fault(1))
    let answer = try client.receive(pending)
    #expect(answer.result.write && answer.descriptorCount == 1)
  }

  @Test func eventsOfNewerDaemonsArePassedOver() throws {
    let client = try Peer.serve { request, _, outbox in
      outbox.line(#"{"jsonrpc":"2.0","method":"event","params":{"seq":1,"kind":"moon.full"}}"#)
      outbox.line(#"{"jsonrpc":"2.0","method":"weather","params":{}}"#)
      outbox.line(
        #"{"jsonrpc":"2.0","method":"event","params":{"seq":2,"new":0,"kind":"lost","lost":9,"more":[]}}"#)
      outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
    }
    #expect(try client.call(IOASAlloc()).ioas == 1)
    #expect(try client.nextEvent() == Event(seq: 2, .lost(Lost(lost: 9))))
    #expect(try client.nextEvent(within: 0) == nil)
  }

  @Test func onlySoManyAreKept() throws {
    let client = try Peer.serve { request, _, outbox in
      for seq: UInt64 in 1...1500 { outbox.notify(Self.fault(seq)) }
      outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
    }
    _ = try client.call(IOASAlloc())
    for seq: UInt64 in 1...1024 { #expect(try client.nextEvent() == Self.fault(seq)) }
    #expect(try client.nextEvent() == Event(seq: 1500, .lost(Lost(lost: 476))))
    #expect(try client.nextEvent(within: 0) == nil)
  }

  @Test func eventsBeforeTheEndAreSeen() throws {
    let client = try Peer.serve(closesAfter: 1) { request, _, outbox in
      outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
      outbox.notify(Self.fault(1))
    }
    _ = try client.call(IOASAlloc())
    #expect(try client.nextEvent() == Self.fault(1))
    #expect(throws: ClientError.lost(nil)) { try client.nextEvent() }
  }
}
