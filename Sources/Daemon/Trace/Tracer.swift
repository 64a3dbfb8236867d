// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

/// Writes down what passes through the connections, for `iommuctl replay`. Confined to the loop.
///
/// Records are collected and go to the file in the next turn of the loop. When they cannot, the trace ends, and nothing
/// else does.
package final class Tracer {
  private let file: TraceFile
  private let journal: Journal
  private var writer = Writer()
  private var post: PostSource?
  private let start = Monotonic.microseconds
  private var files = TracedFiles()
  private var isOver = false

  /// Bytes that are written without waiting for the next turn.
  private static let most = 256 << 10

  package init(_ loop: EventLoop, _ file: TraceFile, _ journal: Journal) {
    self.file = file
    self.journal = journal
    post = PostSource(loop) { [unowned self] in flush() }
    var head = TraceRecord(.trace, time: 0, connection: nil)
    head.format = TraceRecord.format
    head.version = Version.current
    head.began = UInt64(time(nil))
    add(head)
    journal.log(.notice, .traceBegun, "all requests and answers are recorded in \(file.path)")
  }

  deinit { flush() }

  // MARK: What happens

  package func opened(_ id: SessionID, _ peer: Peer, _ role: Role) {
    var record = record(.open, id)
    record.role = role
    record.uid = peer.uid
    add(record)
  }

  /// - Parameter isWhole: whether a newline follows `line`.
  func requested(_ id: SessionID, _ line: UnsafeRawBufferPointer, isWhole: Bool, _ batch: DescriptorBatch?) {
    unsafe add(line, batch, to: record(.request, id), isWhole: isWhole)
  }

  /// An answer or an event is on its way.
  func answered(_ id: SessionID, _ line: UnsafeRawBufferPointer, _ batch: DescriptorBatch?) {
    let isEvent = unsafe line.starts(with: #"{"jsonrpc":"2.0","method":"#.utf8)
    unsafe add(line, batch, to: record(isEvent ? .event : .answer, id), isWhole: true)
  }

  func ended(_ id: SessionID) { add(record(.end, id)) }

  func closed(_ id: SessionID, by closer: TraceRecord.Closer) {
    var record = record(.close, id)
    record.closer = closer
    add(record)
  }

  // MARK: Writing

  private func record(_ kind: TraceRecord.Kind, _ id: SessionID) -> TraceRecord {
    TraceRecord(kind, time: Monotonic.microseconds - start, connection: id.rawValue)
  }

  private func add(
    _ line: UnsafeRawBufferPointer, _ batch: DescriptorBatch?, to record: TraceRecord, isWhole: Bool
  ) {
    guard !isOver else { return }
    var record = record
    record.line = unsafe Array(line)
    if !isWhole { record.more = true }
    if let batch { record.files = files.describe(batch) }
    add(record)
  }

  private func add(_ record: TraceRecord) {
    guard !isOver else { return }
    record.write(to: &writer)
    writer.endLine()
    if writer.count >= Self.most { flush() } else { post?.post() }
  }

  /// Writes what was collected.
  package func flush() {
    guard !isOver, writer.count > 0 else { return }
    var failure: Errno?
    unsafe writer.withBytes { bytes in
      do throws(Errno) { unsafe try file.append(bytes) } catch { failure = error }
    }
    writer.truncate(to: 0)
    guard let failure else { return }
    isOver = true
    let words = "the trace ends, since nothing can be written to \(file.path): \(failure)"
    journal.log(.warning, .traceEnded, words, .errno(failure))
  }
}
