// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// Lines that wait to be sent, with their descriptors.
///
/// Each message carries the descriptors of one line at most and begins with that line. Lines without
/// descriptors are sent together.
package struct Outbox: ~Copyable {
  private struct Mark {
    /// Byte, counted from the beginning of the stream, at which its line begins.
    var position: UInt64
    var batch: DescriptorBatch
  }

  package var writer = Writer()
  /// Bytes at the front of `writer` that were sent.
  private var sent = 0
  /// Position in the stream of the first byte in `writer`.
  private var position: UInt64 = 0
  private var marks: [Mark] = []

  package init() {}

  /// Bytes that wait.
  package var pendingBytes: Int { writer.count - sent }
  /// Descriptors that wait.
  package private(set) var pendingDescriptors = 0
  package var isEmpty: Bool { pendingBytes == 0 }

  /// Begins a line that carries `batch`; its text is to be written to ``writer`` next.
  package mutating func beginLine(with batch: DescriptorBatch?) {
    guard let batch, batch.count > 0 else { return }
    marks.append(Mark(position: position + UInt64(writer.count), batch: batch))
    pendingDescriptors += batch.count
  }

  /// Takes back the line that began when `count` bytes were in ``writer``, with its descriptors.
  package mutating func takeBack(to count: Int) {
    writer.truncate(to: count)
    if let last = marks.last, last.position >= position + UInt64(count) {
      pendingDescriptors -= last.batch.count
      marks.removeLast()
    }
  }

  /// Shows every line that was put in behind `position`, counted in bytes from the beginning of the stream, with its
  /// descriptors, and moves `position` behind the last.
  package func show(
    after position: inout UInt64, _ body: (UnsafeRawBufferPointer, DescriptorBatch?) -> Void
  ) {
    let base = self.position
    guard position >= base, position < base + UInt64(writer.count) else { return }
    var start = Int(position - base)
    position = base + UInt64(writer.count)
    unsafe writer.withBytes { bytes in
      while start < bytes.count {
        let end = unsafe bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        let batch = marks.first { $0.position == base + UInt64(start) }?.batch
        unsafe body(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), batch)
        start = end + 1
      }
    }
  }

  package enum Flushed: Equatable {
    /// Everything is sent.
    case all
    /// The socket takes no more now.
    case blocked
    /// The next line's descriptors are more than the caller allows now.
    case held
    case failed(Errno)
  }

  /// Sends what the socket takes.
  ///
  /// - Parameter descriptors: how many descriptors may be sent now; reduced by those sent.
  package mutating func flush(to socket: borrowing Socket, descriptors: inout Int, wait: Bool = false)
    -> Flushed
  {
    defer { compact() }
    while pendingBytes > 0 {
      let at = position + UInt64(sent)
      var batch: DescriptorBatch?
      var end = writer.count
      if let mark = marks.first, mark.position == at {
        guard mark.batch.count <= descriptors else { return .held }
        batch = mark.batch
        if marks.count > 1 { end = Int(marks[1].position - position) }
      } else if let mark = marks.first {
        end = Int(mark.position - position)
      }
      do throws(Errno) {
        sent += try send(socket, end, batch, wait)
      } catch {
        return error.rawValue == EAGAIN ? .blocked : .failed(error)
      }
      if let batch {
        descriptors -= batch.count
        pendingDescriptors -= batch.count
        marks.removeFirst()
      }
    }
    return .all
  }

  /// Sends everything that the socket takes, descriptors without a bound.
  package mutating func flush(to socket: borrowing Socket, wait: Bool = false) -> Flushed {
    var unbounded = Int.max
    return flush(to: socket, descriptors: &unbounded, wait: wait)
  }

  private func send(_ socket: borrowing Socket, _ end: Int, _ batch: DescriptorBatch?, _ wait: Bool)
    throws(Errno) -> Int
  {
    var failure: Errno?
    let length = end - sent
    let count = unsafe writer.withBytes(from: sent) { bytes -> Int in
      do throws(Errno) {
        return try unsafe socket.send(UnsafeRawBufferPointer(rebasing: bytes[..<length]), batch, wait: wait)
      } catch {
        failure = error
        return 0
      }
    }
    if let failure { throw failure }
    return count
  }

  /// Drops sent bytes, but moves no more than it drops.
  private mutating func compact() {
    guard sent >= pendingBytes else { return }
    writer.removeFirst(sent)
    position += UInt64(sent)
    sent = 0
  }
}
