// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

extension IOASService {
  package func copy(_ call: IOASCopy, _ session: Session) throws(Failure) -> Outcome<IOASCopy.Result> {
    let context = session.context
    let source = try context.space(call.sourceIOAS, field: "src_ioas")
    let target = try context.space(call.targetIOAS, field: "dst_ioas")
    let range = try IOVARange.named(call.sourceIOVA, call.length, atMost: IOVARange.longestMapping)
    let request = AddressSpace.CopyRequest(
      source: range, iova: call.iova, read: call.read, write: call.write)
    let (from, to) = (source.space, target.space)
    return try context.attempt(busy: [source, target]) { (waiting) throws(Refusal) in
      try to.copy(request, from: from, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let areas):
        guard let first = areas.first else { throw Failure(.emptyRange) }
        for area in areas {
          guard let slice = area.pages.account as? Slice else { continue }
          context.noteCopy(of: slice, in: target.id, at: area.range.first)
        }
        self.contexts.census.totals.maps += UInt64(areas.count)
        self.contexts.census.totals.mappedBytes &+= call.length
        return .init(iova: first.range.first)
      case .failure(let refusal):
        throw Self.failure(
          refusal, from: call.sourceIOVA,
          Origins(subject: "dst_ioas", mapped: "src_iova", source: "src_iova", account: context.account))
      }
    }
  }

  /// Bytes that a copy may note in the log of its context: each area says all about itself.
  static func roomForCopy(_ call: IOASCopy, _ session: Session) -> Int {
    guard let id = ObjectID(call.sourceIOAS), let space = session.context.spaces[id] else { return 0 }
    return 96 * min(space.space.areaCount, Int(clamping: call.length))
  }

  static func failure(_ refusal: Refusal, from source: IOVA, _ names: Origins) -> Failure {
    guard case .misaligned(.offset, let value, let alignment) = refusal else {
      return Failure(refusal, names)
    }
    let words =
      "what is mapped from \(source) on stands at byte \(value) of its memory, which is no multiple of "
      + "\(alignment)"
    return Failure(.einval, words, field: names.range + names.mapped)
  }
}
