// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// I/O page tables.
package struct HWPTService {
  let contexts: Contexts

  package func translate(
    _ call: HWPTTranslate, _ session: Session
  ) throws(Failure) -> Outcome<HWPTTranslate.Result> {
    let table = try session.context.table(call.hwpt)
    let limit = try call.limit.items()
    guard let range = IOVARange(first: call.iova, length: call.length) else {
      throw Failure(
        call.length == 0 ? .emptyRange : .overflow(start: call.iova.rawValue, length: call.length))
    }
    let engine = table.table
    return try session.context.attempt(busy: [table, table.space]) { (waiting) throws(Refusal) in
      try engine.runs(in: range, limit: limit, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let walk): .init(runs: walk.runs.compactMap(Self.run), next: walk.next)
      case .failure(let refusal): throw Failure(refusal)
      }
    }
  }

  private static func run(_ run: PageTable.Run) -> HWPTTranslate.Run? {
    guard let slice = run.pages.account as? Slice else { return nil }
    var answer = HWPTTranslate.Run()
    answer.iova = run.range.first
    answer.length = run.range.last.rawValue - run.range.first.rawValue + 1
    answer.pageSize = run.pageSize
    answer.read = run.protection.contains(.read)
    answer.write = run.protection.contains(.write)
    answer.frame = IOVA(run.address)
    answer.memory = slice.memory.rawValue
    answer.offset = run.offset
    return answer
  }
}
