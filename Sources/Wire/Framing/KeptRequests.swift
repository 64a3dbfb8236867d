// SPDX-License-Identifier: Apache-2.0

/// Requests that were read before their turn, with their descriptors, in their order.
struct KeptRequests {
  enum Kept {
    case line(KeptLine, DescriptorBatch?)
    case refused(RequestID?, Failure)
    case fatal(RequestID?, Failure)
  }

  private var kept: [Kept?] = []
  /// Those at the front that were taken out, and are nil.
  private var taken = 0
  private(set) var bytes = 0
  private(set) var descriptors = 0
  /// Whether the last of them ends the connection.
  private(set) var endsWithFatal = false

  var count: Int { kept.count - taken }
  var isEmpty: Bool { taken == kept.count }

  mutating func append(_ next: Kept) {
    kept.append(next)
    switch next {
    case .line(let line, let batch):
      bytes += line.count
      descriptors += batch?.count ?? 0
    case .refused: break
    case .fatal: endsWithFatal = true
    }
  }

  mutating func next() -> Kept? {
    guard taken < kept.count, let next = kept[taken].take() else { return nil }
    taken += 1
    if case .line(let line, let batch) = next {
      bytes -= line.count
      descriptors -= batch?.count ?? 0
    }
    if taken == kept.count {
      kept = []
      taken = 0
    }
    return next
  }
}

/// A copy of a line, since the buffer that it stood in goes on.
@safe
package final class KeptLine {
  package let bytes: UnsafeRawBufferPointer
  package let count: Int

  package init(_ line: UnsafeRawBufferPointer) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: line.count, alignment: 1)
    unsafe copy.copyMemory(from: line)
    count = line.count
    unsafe bytes = UnsafeRawBufferPointer(copy)
  }

  deinit { unsafe bytes.deallocate() }
}
