// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient

extension Daemon {
  /// Requests on their way at once: enough to keep the daemon busy while answers are written out.
  private static var depth: Int { 8 }

  /// Reads a range in pieces of 64 KiB, in order.
  ///
  /// - Parameters:
  ///   - request: the call for a piece.
  ///   - bytes: what it answered.
  func read<M: Method>(
    _ range: (first: IOVA, length: UInt64), into sink: inout ByteSink,
    _ request: (IOVA, UInt64) -> M, _ bytes: (M.Result) -> [UInt8]
  ) throws(Problem) {
    var sent: UInt64 = 0
    var done: UInt64 = 0
    var pending: [Pending<M>] = []
    repeat {
      while pending.count < Self.depth, sent < range.length || sent == 0 {
        let length = min(range.length - sent, UInt64(WireLimit.dataBytes))
        let call = request(IOVA(range.first.rawValue + sent), length)
        pending.append(try Problem.catching { () throws(ClientError) in try client.send(call) })
        sent += length
        if length == 0 { break }
      }
      let piece = bytes(try receive(pending.removeFirst(), after: done))
      try sink.take(piece)
      done += UInt64(piece.count)
    } while !pending.isEmpty
  }

  /// Writes `begun` and the rest of standard input to `iova` and on, in pieces of 64 KiB, in order.
  func writeInput<M: Method>(
    beginning begun: [UInt8] = [], to iova: IOVA, _ request: (IOVA, Bytes) -> M
  ) throws(Problem) -> Report {
    var begun = begun[...]
    var progress = Progress("writing", total: nil)
    var pending: [(call: Pending<M>, length: Int)] = []
    var written = Written()
    written.iova = iova
    var sent: UInt64 = 0
    var isOver = false
    while true {
      while !isOver, pending.count < Self.depth {
        var piece = Array(begun.prefix(WireLimit.dataBytes))
        begun = begun.dropFirst(piece.count)
        if piece.count < WireLimit.dataBytes { piece += try readInput(WireLimit.dataBytes - piece.count) }
        isOver = piece.count < WireLimit.dataBytes
        if piece.isEmpty { break }
        guard iova.rawValue.addingReportingOverflow(sent).overflow == false else {
          throw .failed("standard input goes on past the last address")
        }
        let call = request(IOVA(iova.rawValue + sent), Bytes(piece))
        let sending = try Problem.catching { () throws(ClientError) in try client.send(call) }
        pending.append((sending, piece.count))
        sent += UInt64(piece.count)
      }
      if pending.isEmpty { break }
      let (call, length) = pending.removeFirst()
      _ = try receive(call, after: written.length)
      written.length += UInt64(length)
      progress.advance(by: UInt64(length))
    }
    return Report(written, .sentence("wrote \(written.length) bytes at \(iova)"))
  }

  /// The answer to a piece; a refusal tells how many bytes were done in all.
  func receive<M: Method>(_ call: Pending<M>, after done: UInt64) throws(Problem) -> M.Result {
    do throws(ClientError) {
      return try client.receive(call).result
    } catch .refused(var failure) {
      if done > 0 || failure.done != nil { failure.done = done + (failure.done ?? 0) }
      throw .refused(failure)
    } catch {
      throw Problem(error)
    }
  }
}

/// What was written, for JSON.
struct Written: Members {
  var iova = IOVA(0)
  var length: UInt64 = 0

  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("iova", &iova, "the first address")
    try visitor.member("length", &length, "bytes")
  }
}

/// Up to `count` bytes of standard input; fewer only at its end.
func readInput(_ count: Int) throws(Problem) -> [UInt8] {
  try readFully(STDIN_FILENO, count, name: "standard input")
}

/// Up to `count` bytes of a descriptor; fewer only at the end.
func readFully(_ descriptor: Int32, _ count: Int, name: String) throws(Problem) -> [UInt8] {
  var number: Int32 = 0
  let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { room, done in
    while done < count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[done...])
      let got = unsafe Glibc.read(descriptor, rest.baseAddress, rest.count)
      if got == 0 { break }
      if got > 0 {
        done += got
      } else if errno != EINTR {
        number = errno
        break
      }
    }
  }
  guard number == 0 else { throw .failed("cannot read \(name): \(errorText(number))") }
  return bytes
}
