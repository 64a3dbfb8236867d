// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

/// Steps that do one thing many times. What the lab keeps for itself is done before and after, not in between.
extension Run {
  func mapMany(
    _ space: LabSpace, _ series: Step.Series, _ origin: CountingOrigin, _ start: UInt64
  ) throws(Refusal) {
    let order = series.order
    let length = series.pages << Page.shift
    let account = account
    let protection: Protection = [.read, .write]
    var done = 0
    defer {
      for position in order[..<done] {
        let first = series.place(position)
        space.areas[first.rawValue] = LabSpace.Area(
          range: IOVARange(first, through: IOVA(first.rawValue + (length - 1))), origin: origin,
          offset: (start + position * series.pages) << Page.shift, protection: protection)
      }
    }
    // One array for all, and one for the ranges below: what is measured is the engine.
    var requests = [
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: 0, writable: true, account: account), iova: nil, length: length,
        protection: protection)
    ]
    try engine { () throws(Refusal) in
      for position in order {
        requests[0].memory = .origin(
          origin, offset: (start + position * series.pages) << Page.shift, writable: true, account: account)
        requests[0].iova = series.place(position)
        _ = try space.space.map(requests)
        done += 1
      }
    }
  }

  func unmapMany(_ space: LabSpace, _ series: Step.Series) throws(Refusal) {
    let order = series.order
    let length = series.pages << Page.shift
    guard length > 0 else { throw .emptyRange }
    var done = 0
    defer { for position in order[..<done] { space.areas[series.place(position).rawValue] = nil } }
    var ranges = [IOVARange.all]
    try engine { () throws(Refusal) in
      for position in order {
        guard let range = IOVARange(first: series.place(position), length: length) else {
          throw .overflow(start: series.place(position).rawValue, length: length)
        }
        ranges[0] = range
        _ = try space.space.unmap(ranges)
        done += 1
      }
    }
  }

  /// Sources follow each other through the origin, and begin anew at its end.
  func alloc(
    _ space: LabSpace, _ origin: CountingOrigin, _ pages: UInt64, _ count: UInt64
  ) throws(Refusal) {
    guard pages > 0 else { throw .emptyRange }
    let slots = max(1, (origin.size >> Page.shift) / pages)
    let account = account
    let protection: Protection = [.read, .write]
    var iovas: [IOVA] = []
    iovas.reserveCapacity(Int(clamping: count))
    defer {
      for (position, iova) in iovas.enumerated() {
        space.areas[iova.rawValue] = LabSpace.Area(
          range: IOVARange(iova, through: IOVA(iova.rawValue + (pages << Page.shift - 1))), origin: origin,
          offset: (UInt64(position) % slots * pages) << Page.shift, protection: protection)
      }
    }
    try engine { () throws(Refusal) in
      for position in 0..<count {
        iovas += try space.space.map([
          AddressSpace.MapRequest(
            memory: .origin(
              origin, offset: (position % slots * pages) << Page.shift, writable: true, account: account),
            iova: nil, length: pages << Page.shift, protection: protection)
        ])
      }
    }
  }
}
