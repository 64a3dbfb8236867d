// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// A domain as a dictionary: one entry for each of its pages, with the map that made it. It objects to what a
/// hardware table could not do.
final class TestDomain: Domain, @unchecked Sendable {
  struct Entry: Equatable {
    var address: UInt64
    var protection: Protection
    var map: Int
  }

  let aperture: IOVARange
  let pageSizes: PageSizes
  let grain: UInt64
  let ledger: FrameLedger
  let faults: FaultPlan
  var entries: [UInt64: Entry] = [:]
  var maps = 0
  var unmapCalls = 0
  var readPages: UInt64 = 0
  var problems: [String] = []
  private let lock = Lock()

  init(
    grain: UInt64 = 4096, aperture: IOVARange = .all, ledger: FrameLedger = FrameLedger(),
    faults: FaultPlan = FaultPlan()
  ) {
    self.grain = grain
    self.aperture = aperture
    self.ledger = ledger
    self.faults = faults
    pageSizes = PageSizes(rawValue: grain | 2 << 20)
  }

  func map(
    _ batch: borrowing RunBatch, at slot: DomainSlot, protection: Protection, singlePages: Bool
  ) throws(Refusal) {
    lock.lock()
    defer { lock.unlock() }
    if faults.step() { throw .tableMemory }
    var iova = slot.iova.rawValue
    var left = slot.length
    var skew = slot.skew
    if (iova | left | skew) % grain != 0 { problems.append("misaligned map at \(slot)") }
    if batch.pages != slot.pages { problems.append("a batch of \(batch.pages) for \(slot.pages) pages") }
    for position in 0..<batch.count {
      let run = batch[position]
      maps += 1
      for step in 0..<run.count {
        if singlePages && step > 0 { maps += 1 }
        let bytes = min(Page.size - skew, left)
        for offset in stride(from: UInt64(0), to: bytes, by: Int(grain)) {
          let address = run.pfn.advanced(by: step).address + skew + offset
          let old = entries.updateValue(
            Entry(address: address, protection: protection, map: maps), forKey: (iova + offset) / grain)
          if old != nil { problems.append("mapped twice at \(IOVA(iova + offset))") }
          ledger.mapped[address >> Page.shift, default: 0] += 1
        }
        iova &+= bytes
        left -= bytes
        skew = 0
      }
    }
    if left != 0 { problems.append("runs end \(left) bytes early") }
  }

  func unmap(_ range: IOVARange) {
    lock.lock()
    defer { lock.unlock() }
    unmapCalls += 1
    let first = range.first.rawValue / grain
    let last = range.last.rawValue / grain
    func sameMap(_ a: UInt64, _ b: UInt64) -> Bool {
      guard let left = entries[a], let right = entries[b] else { return false }
      return left.map == right.map
    }
    if first > 0, sameMap(first - 1, first) { problems.append("unmap begins inside a map at \(range)") }
    if last < .max / grain, sameMap(last, last + 1) { problems.append("unmap ends inside a map at \(range)") }
    for key in first...last {
      guard let entry = entries.removeValue(forKey: key) else {
        problems.append("unmap of nothing at \(IOVA(key * grain))")
        continue
      }
      let frame = entry.address >> Page.shift
      ledger.mapped[frame, default: 0] -= 1
      if ledger.mapped[frame] == 0 { ledger.mapped[frame] = nil }
    }
  }

  func readRuns(_ slot: DomainSlot, into batch: inout RunBatch) -> UInt64 {
    lock.lock()
    defer { lock.unlock() }
    var iova = slot.iova.rawValue
    var skew = slot.skew
    var done: UInt64 = 0
    while done < slot.pages {
      guard let entry = entries[iova / grain] else {
        problems.append("read of nothing at \(IOVA(iova))")
        break
      }
      guard batch.append(FrameRun(pfn: PFN(entry.address >> Page.shift), count: 1)) else { break }
      iova &+= Page.size - skew
      skew = 0
      done += 1
    }
    readPages += done
    return done
  }

  func translate(_ iova: IOVA) -> Translation? {
    lock.lock()
    defer { lock.unlock() }
    return entries[iova.rawValue / grain].map {
      Translation(address: $0.address + iova.rawValue % grain, pageSize: grain, protection: $0.protection)
    }
  }

  var tableBytes: UInt64 { UInt64(entries.count * 8) }
}
