// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// The naive counterpart of a domain: a dictionary of smallest pages, and the maps that were made.
struct DomainModel {
  struct Entry: Equatable {
    var address: UInt64
    var protection: Protection
  }

  struct Map {
    var slot: DomainSlot
    var runs: [FrameRun]
    var protection: Protection
    /// Each page of the map is a map of its own.
    var singlePages: Bool

    var range: IOVARange { IOVARange(slot.iova, through: IOVA(slot.iova.rawValue + (slot.length - 1))) }
    var frames: [UInt64] {
      runs.flatMap { run in (0..<run.count).map { run.pfn.rawValue + $0 } }
    }
  }

  let page: UInt64
  var entries: [UInt64: Entry] = [:]
  var maps: [Map] = []

  init(page: UInt64) { self.page = page }

  mutating func insert(_ map: Map) {
    for (index, pfn) in map.frames.enumerated() {
      for part in 0..<Page.size / page {
        // Bytes of the page object's run, of which the slot may lack some at both ends.
        let byte = UInt64(index) << Page.shift + part * page
        guard byte >= map.slot.skew, byte - map.slot.skew < map.slot.length else { continue }
        let iova = map.slot.iova.rawValue + (byte - map.slot.skew)
        precondition(entries[iova / page] == nil)
        entries[iova / page] = Entry(address: pfn << Page.shift + part * page, protection: map.protection)
      }
    }
    maps.append(map)
  }

  mutating func remove(at position: Int) -> IOVARange {
    let range = maps.remove(at: position).range
    for number in range.first.rawValue / page...range.last.rawValue / page { entries[number] = nil }
    return range
  }

  func isFree(_ range: IOVARange) -> Bool { !maps.contains { $0.range.overlaps(range) } }

  func entry(_ iova: IOVA) -> Entry? {
    guard var entry = entries[iova.rawValue / page] else { return nil }
    entry.address += iova.rawValue % page
    return entry
  }
}

/// A batch of runs, as the engine would hand it over.
func batch(_ runs: [FrameRun], limit: Int = 4096) -> RunBatch {
  var batch = RunBatch(limit: limit)
  for run in runs {
    let taken = batch.append(run)
    precondition(taken)
  }
  return batch
}

func frames(_ batch: borrowing RunBatch) -> [UInt64] {
  var frames: [UInt64] = []
  for position in 0..<batch.count {
    let run = batch[position]
    frames += (0..<run.count).map { run.pfn.rawValue + $0 }
  }
  return frames
}
