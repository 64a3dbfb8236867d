// SPDX-License-Identifier: Apache-2.0

import IommuBase

import IommuCore

/// Counts fallible steps and fails the one that a test chose.
final class FaultPlan: @unchecked Sendable {
  /// Steps until the failing one; nil: none fails.
  var failAfter: Int?
  private(set) var fired = false

  func step() -> Bool {
    guard let left = failAfter else { return false }
    if left == 0 {
      failAfter = nil
      fired = true
      return true
    }
    failAfter = left - 1
    return false
  }

  func arm(after steps: Int?) {
    failAfter = steps
    fired = false
  }
}

/// Which frames the test domains map, so that an origin can see an unpin that comes too early (I5).
final class FrameLedger: @unchecked Sendable {
  var mapped: [UInt64: Int] = [:]
}

enum FramePattern: CaseIterable, Sendable {
  case contiguous, runsOf4, scattered
}

/// An origin that keeps a count for every index of every holder and trusts nobody.
final class TestOrigin: Origin, @unchecked Sendable {
  let size: UInt64
  let base: UInt64
  let pattern: FramePattern
  let ledger: FrameLedger
  let faults: FaultPlan
  /// The most pages that one call pins; 0: as many as asked for.
  var shortPins: UInt64 = 0
  var pins: [PinHolder: Set<UInt64>] = [:]
  var pinCalls = 0
  var unpinCalls = 0
  var problems: [String] = []
  var bytes: [UInt8]
  /// Calls that copied.
  var copies = 0

  init(
    pages: UInt64, base: UInt64 = 0x100000, pattern: FramePattern = .contiguous,
    ledger: FrameLedger = FrameLedger(),
    faults: FaultPlan = FaultPlan(), holdsBytes: Bool = false
  ) {
    size = pages * Page.size
    self.base = base
    self.pattern = pattern
    self.ledger = ledger
    self.faults = faults
    bytes = holdsBytes ? [UInt8](repeating: 0, count: Int(size)) : []
  }

  func pfn(_ index: UInt64) -> UInt64 {
    switch pattern {
    case .contiguous: base + index
    // Runs of four in falling order, with a gap between them.
    case .runsOf4: base + 0x80000 - (index / 4) * 8 + index % 4
    case .scattered: base + 0x80000 - index * 2
    }
  }

  func index(of pfn: PFN) -> PageIndex? {
    let value = pfn.rawValue
    let index: UInt64
    switch pattern {
    case .contiguous:
      guard value >= base else { return nil }
      index = value - base
    case .runsOf4:
      let distance = base + 0x80000 + 3 - value
      index = (distance / 8) * 4 + (3 - distance % 8)
    case .scattered: index = (base + 0x80000 - value) / 2
    }
    return index < size / Page.size && self.pfn(index) == value ? PageIndex(index) : nil
  }

  func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    pinCalls += 1
    if faults.step() { throw .origin(.efault, index: range.first) }
    let last =
      shortPins > 0 ? min(range.last.rawValue, range.first.rawValue + shortPins - 1) : range.last.rawValue
    var count: UInt64 = 0
    for index in range.first.rawValue...last {
      guard batch.append(FrameRun(pfn: PFN(pfn(index)), count: 1)) else { break }
      if !pins[holder, default: []].insert(index).inserted { problems.append("index \(index) pinned twice") }
      count += 1
    }
    return count
  }

  func unpin(_ range: IndexRange, for holder: PinHolder) {
    unpinCalls += 1
    for index in range.first.rawValue...range.last.rawValue {
      if pins[holder, default: []].remove(index) == nil {
        problems.append("index \(index) unpinned, not pinned")
      }
      let others = pins.contains { $0.key != holder && $0.value.contains(index) }
      if !others, ledger.mapped[pfn(index), default: 0] > 0 {
        problems.append("index \(index) unpinned while a domain maps it")
      }
    }
    if pins[holder]?.isEmpty == true { pins[holder] = nil }
  }

  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
    copies += 1
    unsafe buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + buffer.count])
  }

  func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
    copies += 1
    for position in 0..<buffer.count { unsafe bytes[Int(offset) + position] = buffer[position] }
  }

  var pinned: Int { pins.values.reduce(0) { $0 + $1.count } }
}

final class TestAccount: PinAccount, @unchecked Sendable {
  var charged: UInt64 = 0
  var limit: UInt64 = .max
  let faults: FaultPlan
  init(faults: FaultPlan = FaultPlan()) { self.faults = faults }

  func charge(pages: UInt64) throws(Refusal) {
    if faults.step() || charged + pages > limit { throw .pinLimit(pages: pages, used: charged, limit: limit) }
    charged += pages
  }

  func uncharge(pages: UInt64) {
    precondition(charged >= pages)
    charged -= pages
  }
}
