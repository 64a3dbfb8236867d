// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire
import Testing

/// The lines that events are, and back.
struct EventLineTests {
  private var events: [Event] {
    var requested = UnmapRequested()
    requested.ioas = 1
    requested.access = 2
    requested.pins = [3, 4]
    requested.first = IOVA(0x1000)
    requested.last = IOVA(0x2fff)
    requested.milliseconds = 1000
    var revoked = PinRevoked()
    revoked.ioas = 1
    revoked.access = 2
    revoked.pins = [3]
    return [
      Event(seq: 1, .unmapRequested(requested)),
      Event(seq: 2, .pinRevoked(revoked)),
      Event(seq: 3, .fault(DMAFault(device: 5, iova: IOVA(0x10), done: 7, write: true))),
      Event(seq: 4, owner: 1000, context: "vm", .contextDestroyed(ContextDestroyed(objects: 9))),
      Event(seq: 5, owner: 1000, context: "vm", .contextDegraded(ContextDegraded(areas: 2))),
      Event(seq: 6, owner: 1000, context: "vm", .framesChanged(FramesChanged())),
      Event(seq: 14, .lost(Lost(lost: 10))),
    ]
  }

  @Test func golden() {
    var outbox = Outbox()
    for event in events { outbox.notify(event) }
    #expect(
      outbox.writer.text == """
        {"jsonrpc":"2.0","method":"event","params":{"seq":1,"kind":"access.unmap_requested","ioas":1,"access":2,"pins":[3,4],"first":"0x1000","last":"0x2fff","wait_ms":1000}}
        {"jsonrpc":"2.0","method":"event","params":{"seq":2,"kind":"pin.revoked","ioas":1,"access":2,"pins":[3]}}
        {"jsonrpc":"2.0","method":"event","params":{"seq":3,"kind":"dma.fault","device":5,"iova":"0x10","done":7,"write":true}}
        {"jsonrpc":"2.0","method":"event","params":{"seq":4,"owner":1000,"context":"vm","kind":"context.destroyed","objects":9}}
        {"jsonrpc":"2.0","method":"event","params":{"seq":5,"owner":1000,"context":"vm","kind":"context.degraded","areas":2}}
        {"jsonrpc":"2.0","method":"event","params":{"seq":6,"owner":1000,"context":"vm","kind":"context.frames_changed"}}
        {"jsonrpc":"2.0","method":"event","params":{"seq":14,"kind":"lost","lost":10}}

        """)
  }

  @Test func roundTrip() throws {
    #expect(Set(events.map(\.kind)) == Set(EventKind.allCases))
    for event in events { #expect(try decode(encode(event)) == event) }
  }
}
