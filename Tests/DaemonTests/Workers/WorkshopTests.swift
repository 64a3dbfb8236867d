// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import Testing

@Suite struct WorkshopTests {
  @Test func `A uid gets half of the workers, and another one gets work done meanwhile`() throws {
    let loop = try EventLoop()
    let workshop = try Workshop(loop, workers: 4)
    let (mine, theirs) = (Gate(), Gate())
    var finished = 0
    func finish() {
      finished += 1
      if finished == 7 { loop.exit(0) }
    }
    for _ in 0..<6 { workshop.runInBackground(1, Job({ mine.pass() }, then: { () in finish() })) }
    theirs.open()
    workshop.runInBackground(
      2,
      Job(
        { theirs.pass() },
        then: { () in
          // All that the first uid may have is taken: its third piece has not begun.
          mine.awaitArrivals(2)
          #expect(mine.mostAtOnce == 2)
          finish()
          mine.open()
        }))
    _ = try loop.run()
    #expect(finished == 7)
    #expect(mine.mostAtOnce == 2)
    #expect(workshop.count == 0)
    workshop.stop()
  }

  @Test func `Of what may never end a uid has one at a time, and its other work goes on`() throws {
    let loop = try EventLoop()
    let workshop = try Workshop(loop, workers: 4)
    let endless = Gate()
    var (ordinary, finished) = (0, 0)
    for _ in 0..<3 {
      workshop.runInBackground(
        1,
        Job(
          lane: .endless, { endless.pass() },
          then: { () in
            finished += 1
            if finished == 3 { loop.exit(0) }
          }))
    }
    endless.awaitArrivals(1)
    for _ in 0..<5 {
      workshop.runInBackground(
        1,
        Job(
          {},
          then: { () in
            ordinary += 1
            guard ordinary == 5 else { return }
            #expect(finished == 0)
            #expect(endless.mostAtOnce == 1)
            endless.open()
          }))
    }
    _ = try loop.run()
    #expect(finished == 3)
    #expect(endless.mostAtOnce == 1)
    workshop.stop()
  }

  @Test func `One worker serves everybody in the order of the turns`() throws {
    let loop = try EventLoop()
    let workshop = try Workshop(loop, workers: 1)
    let first = Gate()
    var order: [UInt32] = []
    func submit(_ uid: UInt32) {
      workshop.runInBackground(
        uid,
        Job(
          {},
          then: { () in
            order.append(uid)
            if order.count == 6 { loop.exit(0) }
          }))
    }
    workshop.runInBackground(1, Job({ first.pass() }, then: { () in }))
    first.awaitArrivals(1)
    for _ in 0..<3 { submit(1) }
    submit(2)
    submit(3)
    submit(2)
    first.open()
    _ = try loop.run()
    #expect(order == [2, 3, 1, 2, 1, 1])
    workshop.stop()
  }

  @Test func `A worker that does not come back is replaced, and its uid gets no other until it does`() throws
  {
    let loop = try EventLoop()
    let entries = Entries()
    let workshop = try Workshop(loop, workers: 2, patience: 20_000, journal: entries.journal)
    let (stuck, mine) = (Gate(), Gate())
    mine.open()
    var finished: [String] = []
    func submit(_ uid: UInt32, _ gate: Gate, _ name: String) {
      workshop.runInBackground(uid, Job({ gate.pass() }, then: { () in finished.append(name) }))
    }
    func run(until isDone: () -> Bool) throws { while !isDone() { try loop.turn(timeout: 5_000_000) } }
    submit(1, stuck, "stuck")
    submit(2, stuck, "stuck too")
    try run { entries.of(.workerStuck).count == 2 }
    #expect(workshop.pool.isStuck(1) && workshop.pool.isStuck(2) && !workshop.pool.isStuck(3))
    #expect(entries.of(.workerStuck).contains { $0.fields.contains("IOMMU_UID=1") })
    // Both workers are gone; others get new ones, but not those who have one already.
    submit(1, mine, "waits")
    for number in 0..<5 { submit(UInt32(3 + number), mine, "other") }
    try run { finished.count == 5 }
    #expect(finished == Array(repeating: "other", count: 5))
    stuck.open()
    try run { finished.count == 8 }
    #expect(finished.contains("waits") && !workshop.pool.isStuck(1))
    // The replacements go again.
    submit(9, mine, "other")
    try run { finished.count == 9 }
    workshop.stop()
    #expect(entries.of(.workerStuck).count == 2)
  }

  @Test func `Stopping does not wait for a worker that does not come back`() throws {
    let loop = try EventLoop()
    let workshop = try Workshop(loop, workers: 2, patience: 1000)
    let stuck = Gate()
    workshop.runInBackground(1, Job({ stuck.pass() }, then: { () in }))
    while !workshop.pool.isStuck(1) { try loop.turn(timeout: 1000) }
    workshop.stop()
    stuck.open()
  }

  @Test func `Stopping finishes what runs, and nothing begins after it`() throws {
    let loop = try EventLoop()
    let workshop = try Workshop(loop, workers: 1)
    let (gate, never) = (Gate(), Gate())
    var finished = 0
    workshop.runInBackground(1, Job({ gate.pass() }, then: { () in finished += 1 }))
    gate.awaitArrivals(1)
    gate.open()
    workshop.stop()
    #expect(finished == 1)
    workshop.runInBackground(1, Job({ never.pass() }, then: { () in finished += 1 }))
    workshop.stop()
    #expect(finished == 1)
    #expect(never.mostAtOnce == 0)
  }
}
