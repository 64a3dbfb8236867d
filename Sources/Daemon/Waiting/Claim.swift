// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Something by which connections hold areas of an IOAS, so that nobody unmaps them: an access with its pins.
/// Confined to the loop.
package protocol Holder: Busy {
  /// What of it lies in `ranges`: one claim for each connection. In proportion to all that it holds.
  func claims(in ranges: UnmapRanges) -> [Claim]
  /// What a worker does to take `claim` away from its connection. What is gone already is passed over.
  func ending(of claim: Claim) -> @Sendable () -> Void
  /// The worker has done so: brings the books up to date.
  func ended(_ claim: Claim)
  /// What the connection is told when somebody waits for it to let go, for `milliseconds` at most.
  func request(for claim: Claim, waiting milliseconds: UInt32) -> Event.Body
  /// What the connection is told when it holds this no more.
  func revocation(of claim: Claim) -> Event.Body
  /// How others are told of it.
  func describe(_ claim: Claim, into info: inout HolderInfo)
}

/// What one connection holds by one holder.
package struct Claim {
  package let holder: any Holder
  package let session: SessionID
  /// The user of the connection, which may be gone already.
  package let uid: UInt32
  /// Those of its parts that stand in the way: ids of pins, in order.
  package var parts: [UInt32] = []
  /// All parts lie between these addresses.
  package var first: IOVA
  package var last: IOVA
  /// When the first part was taken, by ``Monotonic``.
  package var since: UInt64

  package init(_ holder: any Holder, _ session: SessionID, uid: UInt32, _ range: IOVARange, since: UInt64) {
    self.holder = holder
    self.session = session
    self.uid = uid
    first = range.first
    last = range.last
    self.since = since
  }

  /// One part more.
  mutating func add(_ part: UInt32, _ range: IOVARange, since: UInt64) {
    parts.append(part)
    first = min(first, range.first)
    last = max(last, range.last)
    self.since = min(self.since, since)
  }

  package var info: HolderInfo {
    var info = HolderInfo()
    info.connection = session.rawValue
    info.uid = uid
    info.milliseconds = Monotonic.milliseconds - since
    holder.describe(self, into: &info)
    return info
  }
}

/// What an unmap takes: some ranges that share no address, or everything.
package struct UnmapRanges: Sendable {
  /// As they were asked for; nil for everything.
  package let ranges: [IOVARange]?
  private let sorted: [IOVARange]

  package init(_ ranges: [IOVARange]?) {
    self.ranges = ranges
    sorted = (ranges ?? []).sorted { $0.first < $1.first }
  }

  /// Whether one of them shares an address with `range`. O(log n).
  package func overlap(_ range: IOVARange) -> Bool {
    guard ranges != nil else { return true }
    var low = 0
    var high = sorted.count
    // The last that begins at or before the end of `range`.
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].first <= range.last { low = middle + 1 } else { high = middle }
    }
    return low > 0 && sorted[low - 1].last >= range.first
  }

  package func unmap(_ space: AddressSpace, _ waiting: Waiting) throws(Refusal) -> UInt64 {
    if let ranges { try space.unmap(ranges, waiting) } else { try space.unmapAll(waiting) }
  }
}
