// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import Testing

@Suite struct StateLogTests {
  private func make(_ capacity: Int = 1 << 16) throws -> StateLog {
    try StateLog.make(owner: 1000, name: "guest", number: 7, generation: 3, capacity: capacity)
  }

  /// The fault that reading these bytes ends with; nil for none.
  private func fault(_ bytes: [UInt8]) throws -> LogFault? {
    do {
      _ = try LogFile.open(bytes).replay()
      return nil
    } catch let fault as LogFault {
      return fault
    }
  }

  @Test(arguments: 1...30 as ClosedRange<UInt64>)
  func `What is read is what was written, and writing goes on behind it`(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    var log = try make()
    for _ in 0..<6 {
      for _ in 0..<20 {
        for change in history.next() { #expect(log.append(change)) }
        log.commit()
      }
      let again = try LogFile.open(LogFile.bytes(log))
      #expect(try SavedFacts(again.replay()) == history.facts)
      #expect(again.used == log.used && again.header == log.header && !again.hasPending)
      log = again
    }
  }

  @Test(arguments: 1...10 as ClosedRange<UInt64>)
  func `What was not committed is not there, whatever of it was written`(seed: UInt64) throws {
    var history = RandomHistory(seed: seed)
    let log = try make()
    for _ in 0..<30 {
      for change in history.next() { #expect(log.append(change)) }
      log.commit()
    }
    let (facts, end) = (history.facts, log.used)
    var changes: [Change] = []
    while changes.count < 3 { changes = history.next() }
    for change in changes { #expect(log.append(change)) }
    var bytes = try LogFile.bytes(log)
    for at in (end..<log.used).reversed() {
      #expect(try SavedFacts(LogFile.open(bytes).replay()) == facts)
      bytes[at] = 0
    }
    // What the next daemon writes covers it.
    let next = try LogFile.open(LogFile.bytes(log))
    _ = try next.replay()
    #expect(next.append(.gone(.first)))
    next.commit()
    #expect(next.used < log.used)
    var expected = RandomHistory(seed: seed)
    for _ in 0..<30 { _ = expected.next() }
    var state = expected.state
    state.apply(.gone(.first))
    state.sweep()
    let last = try LogFile.open(LogFile.bytes(next))
    // The state may not hold together any more, which is found; if it does, it is this.
    if let read = try? last.replay() { #expect(SavedFacts(read) == SavedFacts(state)) }
  }

  @Test func `Any bit that is wrong is found`() throws {
    var history = RandomHistory(seed: 4)
    let log = try make(4096)
    for _ in 0..<8 {
      for change in history.next() { #expect(log.append(change)) }
      log.commit()
    }
    let (bytes, facts) = (try LogFile.bytes(log), history.facts)
    let end = log.used - 8
    // Whether it is complete, what is being pinned, and the end of the frames change after the header is sealed.
    let unsealed = 108..<LogHeader.bytes
    for at in 0..<end {
      for bit in 0..<8 {
        var wrong = bytes
        wrong[at] ^= 1 << bit
        if unsealed.contains(at) {
          #expect(try SavedFacts(LogFile.open(wrong).replay()) == facts)
        } else if let found = try fault(wrong) {
          switch found {
          case .notALog: #expect(at < 8)
          case .headerBroken: #expect(at < 108)
          case .corrupt(let place): #expect(place <= at + 8 && at >= LogHeader.bytes)
          default: Issue.record("\(found)")
          }
        } else {
          // Between two records there are up to seven bytes that mean nothing.
          #expect(try at >= LogHeader.bytes && SavedFacts(LogFile.open(wrong).replay()) == facts)
        }
      }
    }
  }

  @Test func `Records that are right and say nonsense are refused or read, and nothing worse`() throws {
    var random = SplitMix(seed: 11)
    var history = RandomHistory(seed: 11)
    var faults = 0
    for _ in 0..<4000 {
      var payload: [UInt8] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        payload += try #require(ChangeCodingTests.encode(history.anyChange()))
      }
      payload = Array(payload.prefix(3000))
      if Bool.random(using: &random) {
        payload[Int.random(in: 0..<payload.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if try fault(LogFile.log(of: payload)) != nil { faults += 1 }
    }
    // An area without its IOAS, a device without its table, a number out of its range...
    #expect(faults > 1000 && faults < 4000)
  }

  @Test func `A full log takes nothing more, and keeps what it has`() throws {
    var history = RandomHistory(seed: 5)
    let log = try make(4096)
    var facts = history.facts
    filling: while true {
      for change in history.next() {
        let used = log.used
        guard log.append(change) else {
          #expect(log.used == used)
          break filling
        }
      }
      log.commit()
      facts = history.facts
    }
    #expect(log.used > 3500)
    #expect(try SavedFacts(LogFile.open(LogFile.bytes(log)).replay()) == facts)
  }

  @Test func `A header says whose the log is, whatever wrote the rest`() throws {
    let log = try make(4096)
    log.repinning = 77
    #expect(!log.isComplete)
    log.isComplete = true
    let again = try LogFile.open(LogFile.bytes(log))
    #expect(again.isComplete && again.repinning == 77)
    #expect(again.header.owner == 1000 && again.header.name == "guest")
    #expect(again.header.number == 7 && again.header.generation == 3)

    var newer = try LogFile.bytes(log)
    LogFile.put(99 as UInt32, at: 8, in: &newer)
    LogFile.put(98 as UInt32, at: 12, in: &newer)
    LogFile.sealHeader(&newer)
    let read = try LogFile.open(newer)
    #expect(read.header.version == 99 && read.header.name == "guest")
    #expect(throws: LogFault.tooNew(minReader: 98)) { _ = try read.replay() }
    // A later daemon's log that this one can read is read.
    LogFile.put(1 as UInt32, at: 12, in: &newer)
    LogFile.sealHeader(&newer)
    #expect(try fault(newer) == nil)

    let longest = String(repeating: "é", count: 32)
    let named = try StateLog.make(owner: .max, name: longest, number: .max, generation: .max, capacity: 4096)
    #expect(try LogFile.open(LogFile.bytes(named)).header == named.header)
    #expect(named.header.name == longest)
  }

  @Test func `Files that are no logs are refused`() throws {
    let bytes = try LogFile.bytes(make(4096))
    #expect(throws: LogFault.notALog) { _ = try LogFile.open(bytes, sealed: false) }
    #expect(throws: LogFault.notALog) { _ = try LogFile.open(Array(bytes.prefix(100))) }
    #expect(throws: LogFault.notALog) { _ = try LogFile.open([]) }
    var random = SplitMix(seed: 1)
    for length in [136, 4096, 10000] {
      let rubbish = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
      #expect(throws: LogFault.notALog) { _ = try LogFile.open(rubbish) }
    }
    // Cut behind its header it is a log, and empty.
    #expect(try fault(Array(bytes.prefix(136))) == nil)
  }
}
