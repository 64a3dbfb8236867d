// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// What devices wrote through an HWPT.
extension HWPTService {
  package func dirtyTracking(
    _ call: HWPTDirtyTracking, _ session: Session
  ) throws(Failure) -> Outcome<HWPTDirtyTracking.Result> {
    let table = try session.context.table(call.hwpt)
    let engine = table.table
    return try session.context.attempt(busy: [table]) { (waiting) throws(Refusal) in
      try engine.setTracking(call.on, waiting)
    } then: { (result) throws(Failure) in
      if case .failure(let refusal) = result { throw Failure(refusal, Origins(subject: "hwpt")) }
      table.book()
      session.context.note(.hwpt(table))
      return .init()
    }
  }

  package func dirtyBitmap(
    _ call: HWPTDirtyBitmap, _ session: Session
  ) throws(Failure) -> Outcome<HWPTDirtyBitmap.Result> {
    let table = try session.context.table(call.hwpt)
    let limit = try call.limit.items()
    let range = try IOVARange.named(call.iova, call.length)
    if let descriptor = call.descriptor { return try bitmap(call, range, descriptor, of: table, session) }
    guard call.offset == nil else {
      throw Failure(.einval, "an offset goes with the descriptor of a file", field: "offset")
    }
    let engine = table.table
    return try session.context.attempt(busy: [table]) { (waiting) throws(Refusal) in
      try engine.dirtyRuns(in: range, pageSize: call.pageSize, keep: call.keep, limit: limit, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let (runs, next)):
        table.book()
        let ranges = runs.map(Self.range)
        let pages = ranges.reduce(0) { $0 + $1.length / call.pageSize }
        return .init(ranges: ranges, next: next, dirtyPages: pages)
      case .failure(let refusal):
        throw Failure(refusal, Origins(subject: "hwpt"))
      }
    }
  }

  private static func range(_ run: IOVARange) -> HWPTDirtyBitmap.Range {
    .init(iova: run.first, length: run.last.rawValue - run.first.rawValue + 1)
  }

  // MARK: Bitmaps

  private func bitmap(
    _ call: HWPTDirtyBitmap, _ range: IOVARange, _ index: UInt32, of table: HeldTable, _ session: Session
  ) throws(Failure) -> Outcome<HWPTDirtyBitmap.Result> {
    guard call.limit == nil else {
      throw Failure(.einval, "a bitmap has no ranges that could be limited", field: "limit")
    }
    let engine = table.table
    do throws(Refusal) {
      try engine.checkDirty(range, pageSize: call.pageSize)
    } catch {
      throw Failure(error, Origins(subject: "hwpt"))
    }
    let span = CallerFile.Span(
      offset: call.offset ?? 0, length: PageTable.bitmapBytes(of: range, pageSize: call.pageSize))
    return try contexts.withFile(index, span, writes: true, busy: [table], session) { file, end in
      let sink = FileBitmap(file: file, start: span.offset)
      return .job(
        Job({ () -> Result<UInt64, Refusal> in
          do throws(Refusal) {
            return .success(
              try engine.writeDirtyBitmap(of: range, pageSize: call.pageSize, keep: call.keep, to: sink))
          } catch {
            return .failure(error)
          }
        }) { (result) throws(Failure) in
          end()
          table.book()
          switch result {
          case .success(let pages): return .init(dirtyPages: pages)
          case .failure(let refusal): throw Self.failure(refusal)
          }
        })
    }
  }

  private static func failure(_ refusal: Refusal) -> Failure {
    if case .origin = refusal { return CallerFile.failure(refusal) }
    return Failure(refusal, Origins(subject: "hwpt"))
  }
}

/// A bitmap in a caller's file.
private struct FileBitmap: BitmapSink, Sendable {
  let file: MemfdOrigin
  /// Where in the file it begins.
  let start: UInt64

  func write(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) throws(Refusal) {
    try unsafe file.write(at: start + offset, from: bytes)
  }

  func zero(at offset: UInt64, count: UInt64) throws(Refusal) {
    try file.zero(at: start + offset, count: count)
  }
}
