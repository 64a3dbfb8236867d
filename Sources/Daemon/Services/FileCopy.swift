// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux

/// Mapped memory, as one who copies much of it sees it.
protocol BulkMemory: Sendable {
  /// Whether the copy may begin at all.
  ///
  /// - Parameter patient: whether the thread can be spared for memory that may never answer.
  func check(_ way: FileCopy.Way, patient: Bool) throws(Refusal)
  /// - Throws: ``Refusal/fault(iova:done:)`` where a part was read.
  func read(_ iova: IOVA, into buffer: UnsafeMutableRawBufferPointer, patient: Bool) throws(Refusal)
  func write(_ iova: IOVA, from buffer: UnsafeRawBufferPointer, patient: Bool) throws(Refusal)
}

/// A long copy between what is mapped and a caller's file. Workers do it piece by piece, so that others get their turn;
/// one thread has it at a time.
final class FileCopy: @unchecked Sendable {
  /// What goes where.
  struct Way {
    var iova: IOVA
    /// Bytes.
    var length: UInt64
    /// Of the first byte in the file.
    var offset: UInt64
    /// From the mapped memory into the file.
    var isRead: Bool
  }

  /// Why it went no further.
  struct Stop: Error {
    var refusal: Refusal
    /// Whether the file is at fault.
    var isFile: Bool
  }

  let way: Way
  private let memory: any BulkMemory
  /// Closed by the worker that has done the last piece.
  private var file: MemfdOrigin?
  /// Bytes copied.
  private(set) var done: UInt64 = 0

  /// Bytes that one worker copies before it may do something else.
  private static let piece: UInt64 = 16 << 20
  /// Bytes copied at once.
  private static let step: UInt64 = 256 << 10

  init(_ way: Way, _ memory: any BulkMemory, _ file: MemfdOrigin) {
    self.way = way
    self.memory = memory
    self.file = file
  }

  /// Copies one piece more; answers whether there is still something to do.
  ///
  /// - Parameter patient: whether the thread can be spared for memory that may never answer.
  func copyPiece(patient: Bool) -> Result<Bool, Stop> {
    do throws(Stop) {
      if done == 0 { try check(patient) }
      let end = min(way.length, done + Self.piece)
      var buffer = [UInt8](repeating: 0, count: Int(min(Self.step, end - done)))
      while done < end {
        let count = Int(min(UInt64(buffer.count), end - done))
        try copy(count, through: &buffer, patient)
      }
      if done == way.length { file = nil }
      return .success(done < way.length)
    } catch {
      // Who may block only needs another worker.
      if error.refusal != .mayBlock { file = nil }
      return .failure(error)
    }
  }

  /// Nobody wants the rest.
  func giveUp() { file = nil }

  private func check(_ patient: Bool) throws(Stop) {
    do throws(Refusal) {
      try memory.check(way, patient: patient)
    } catch {
      throw Stop(refusal: error, isFile: false)
    }
  }

  private func copy(_ count: Int, through buffer: inout [UInt8], _ patient: Bool) throws(Stop) {
    guard let file else { return }
    let (iova, offset) = (IOVA(way.iova.rawValue + done), way.offset + done)
    var stop: Stop?
    unsafe buffer.withUnsafeMutableBytes { bytes in
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[..<count])
      do throws(Stop) {
        if way.isRead {
          let read = try unsafe step(part) { (part) throws(Refusal) in
            try unsafe memory.read(iova, into: part, patient: patient)
          }
          try Self.ofFile { () throws(Refusal) in
            try unsafe file.write(at: offset, from: UnsafeRawBufferPointer(rebasing: part[..<read.count]))
          }
          try end(read)
        } else {
          try Self.ofFile { () throws(Refusal) in try unsafe file.read(at: offset, into: part) }
          try end(
            try unsafe step(part) { (part) throws(Refusal) in
              try unsafe memory.write(iova, from: UnsafeRawBufferPointer(part), patient: patient)
            })
        }
      } catch {
        stop = error
      }
    }
    if let stop { throw stop }
  }

  /// Bytes of one step that were copied on the side of the memory, and where it faulted.
  private struct Step {
    var count: Int
    var fault: IOVA?
  }

  private func step(
    _ part: UnsafeMutableRawBufferPointer, _ body: (UnsafeMutableRawBufferPointer) throws(Refusal) -> Void
  ) throws(Stop) -> Step {
    do throws(Refusal) {
      try unsafe body(part)
      return Step(count: part.count)
    } catch .fault(let iova, let done) {
      return Step(count: Int(done), fault: iova)
    } catch {
      throw Stop(refusal: error, isFile: false)
    }
  }

  /// Counts a step that came to its end on the other side too.
  private func end(_ step: Step) throws(Stop) {
    done += UInt64(step.count)
    if let iova = step.fault { throw Stop(refusal: .fault(iova: iova, done: done), isFile: false) }
  }

  private static func ofFile(_ body: () throws(Refusal) -> Void) throws(Stop) {
    do throws(Refusal) { try body() } catch { throw Stop(refusal: error, isFile: true) }
  }
}
