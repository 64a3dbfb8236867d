// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuWire

/// Takes one input as a stream that arrives in pieces, some with descriptors.
///
/// A byte says how many bytes come next and with how many descriptors; then they come. Without descriptors
/// the pieces must give the same events as the whole; with them, none may stay open.
@_cdecl("iommu_fuzz_framing")
public func fuzzFraming(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  var pieces: [(bytes: ArraySlice<UInt8>, descriptors: Int)] = []
  var rest = input[...]
  while let head = rest.popFirst() {
    let piece = rest.prefix(Int(head >> 2) + 1)
    rest = rest.dropFirst(piece.count)
    if !piece.isEmpty { pieces.append((piece, Int(head & 3))) }
  }

  let lowest = lowestFree()
  run(pieces)
  precondition(lowestFree() == lowest, "a descriptor stays open")

  let bare = run(pieces.map { ($0.bytes, 0) })
  let whole = [(pieces.flatMap { $0.bytes }[...], 0)]
  precondition(bare == run(whole), "cutting a stream changes it")
  precondition(bare == run(whole, readsLong: false), "reading a line elsewhere changes it")
  return 0
}

/// The number that the next descriptor would get.
func lowestFree() -> Int32 {
  let number = dup(0)
  close(number)
  return number
}

@discardableResult
private func run(
  _ pieces: [(bytes: ArraySlice<UInt8>, descriptors: Int)], readsLong: Bool = true
) -> [String] {
  var inbox = Inbox(readsLong: readsLong)
  var events: [String] = []
  for piece in pieces {
    feed(&inbox, piece.bytes, piece.descriptors)
    events: while true {
      switch inbox.next() {
      case .none:
        break events
      case .request(let request, let batch):
        precondition(request.descriptors == batch?.count ?? 0)
        events.append(request.method)
      case .refused(let id, let failure):
        events.append("\(String(describing: id)) \(failure)")
      case .long:
        let line = LongLine(inbox.longText, NameTable([]), [])
        switch inbox.settleLong(line.meaning) {
        case .request: events.append(line.method)
        case .refused(let id, let failure): events.append("\(String(describing: id)) \(failure)")
        case .fatal:
          events.append("fatal")
          return events
        }
      case .fatal:
        events.append("fatal")
        return events
      }
    }
  }
  return events
}

private func feed(_ inbox: inout Inbox, _ bytes: ArraySlice<UInt8>, _ descriptors: Int) {
  var batch = descriptors == 0 ? nil : DescriptorBatch(owning: (0..<descriptors).map { _ in dup(0) })
  var rest = bytes
  while !rest.isEmpty {
    _ = unsafe inbox.framer.fill { room in
      let part = rest.prefix(room.count)
      unsafe room.copyBytes(from: part)
      rest = rest.dropFirst(part.count)
      defer { batch = nil }
      return (part.count, batch, false)
    }
  }
}
