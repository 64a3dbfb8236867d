// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite(.timeLimit(.minutes(1))) struct StuckWorkerTests {
  /// A call that is more than the loop does itself.
  private static let map = #"{"ioas":1,"iova":4096,"length":4194304,"source":{"kind":"new"}}"#

  @Test func `A client whose worker does not come back holds up nobody, and gets no other`() throws {
    let entries = Entries()
    let daemon = try TestDaemon {
      $0.patience = 20_000
      $0.journal = entries.journal
    }
    let (client, stuck) = (try daemon.connect(), try daemon.connect())
    #expect(isResult(try client.call("ioas.alloc"), of: "c"))
    #expect(isResult(try client.call("device.bind"), of: "c"))
    #expect(isResult(try client.call("device.attach", #"{"device":2,"to":1}"#), of: "c"))
    try stuck.send(request("stuck", "test.gate"))
    while entries.of(.workerStuck).isEmpty { _ = try client.call("server.info") }
    let entry = try #require(entries.of(.workerStuck).first)
    #expect(entry.fields.contains("IOMMU_METHOD=test.gate"))
    #expect(entry.fields.contains("IOMMU_UID=\(geteuid())"))

    // What needs a worker is refused and changes nothing; all else goes on.
    let before = try client.call("object.list")
    let refused = try client.call("ioas.map", Self.map)
    #expect(errorCode(refused) == Int(EAGAIN), "\(refused ?? "")")
    #expect(try client.call("object.list") == before)
    #expect(isResult(try client.call("ioas.areas", #"{"ioas":1}"#), of: "c"))
    #expect(!stuck.isReady(POLLIN))

    daemon.gate.open()
    #expect(isResult(try stuck.line(), of: "stuck"))
    #expect(isResult(try client.call("ioas.map", Self.map), of: "c"))
    let named = entries.of(.workerStuck).filter { $0.fields.contains("IOMMU_METHOD=test.gate") }
    #expect(named.count == 1)
  }

  @Test func `The daemon stops while a worker does not come back`() throws {
    let entries = Entries()
    let daemon = try TestDaemon {
      $0.patience = 100_000
      $0.journal = entries.journal
    }
    let (stuck, waiting) = (try daemon.connect(), try daemon.connect())
    #expect(isResult(try waiting.call("ioas.alloc"), of: "c"))
    #expect(isResult(try waiting.call("device.bind"), of: "c"))
    #expect(isResult(try waiting.call("device.attach", #"{"device":2,"to":1}"#), of: "c"))
    try stuck.send(request("stuck", "test.gate"))
    daemon.gate.awaitArrivals(1)
    // Either it waits for the only worker that the user may have, or it was refused already.
    try waiting.send(request("waits", "ioas.map", Self.map))
    while entries.of(.workerStuck).isEmpty { sched_yield() }
    #expect(daemon.stop() == 0)
    daemon.gate.open()
  }
}
