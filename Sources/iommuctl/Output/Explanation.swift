// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// Where an address leads, one sentence a hop.
package struct Explanation {
  package let sentences: [String]

  package init(_ ioas: UInt32, _ iova: IOVA, _ told: IOASExplain.Result) {
    let area = told.area
    let last = IOVA(area.iova.rawValue &+ (area.length &- 1))
    var sentences = [
      "\(iova) of ioas \(ioas) lies in the area \(area.iova)-\(last), which devices may "
        + Self.rights(read: area.read, write: area.write)
        + (area.state == .mapped ? "." : ", and which is just \(area.state.rawValue)."),
      "The area shows pages object \(area.pages), and the address its page \(told.page).",
      "That is byte \(told.offset) of memory \(area.memory), \(Self.origin(told.kind)).",
      Self.holding(told),
    ]
    for holder in told.holders {
      sentences.append(
        "Access \(holder.access) holds it with pin \(holder.pin), over \(holder.first)-\(holder.last).")
    }
    let elsewhere = told.accesses - min(told.accesses, UInt64(told.holders.count))
    if elsewhere > 0 {
      sentences.append(
        "\(counted(elsewhere, "more pin")) hold\(elsewhere == 1 ? "s" : "") the page elsewhere.")
    }
    for table in told.tables { sentences.append(Self.translation(table)) }
    if told.tables.isEmpty { sentences.append("No page table of ioas \(ioas) translates it.") }
    self.sentences = sentences
  }

  private static func rights(read: Bool, write: Bool) -> String {
    switch (read, write) {
    case (true, true): "read and write"
    case (true, false): "read"
    case (false, true): "write"
    case (false, false): "not touch"
    }
  }

  private static func origin(_ kind: Source.Kind) -> String {
    switch kind {
    case .fd: "a file that a client brought"
    case .memory, .new: "which iommud made"
    case .process: "which is part of a process"
    }
  }

  private static func holding(_ told: IOASExplain.Result) -> String {
    let frame =
      switch told.tier {
      case .store: "The page's frame number stands in the pages object's own store"
      case .domain: "The page's frame number is read back from a page table"
      case .origin: "Nobody holds the page, so only the memory knows its frame number"
      }
    if told.pinned { return "\(frame), and the page is \(told.residency == .locked ? "locked" : "pinned")." }
    return told.residency == .advisory
      ? "\(frame), and nothing is pinned, since the map is advisory." : "\(frame), and it is not pinned."
  }

  private static func translation(_ table: IOASExplain.Table) -> String {
    let devices =
      switch table.devices.count {
      case 0: "no device"
      case 1: "device \(table.devices[0])"
      default: "devices " + table.devices.map(String.init).joined(separator: ", ")
      }
    return
      "Hwpt \(table.hwpt) leads \(devices) to bus address \(table.frame), to \(rights(read: table.read, write: table.write)), "
      + "by a leaf of \(ByteSize(table.pageSize))."
  }
}
