// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux

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
  private let space: AddressSpace
  /// Closed by the worker that has done the last piece.
  private var file: MemfdOrigin?
  /// Bytes copied.
  private(set) var done: UInt64 = 0

  /// Bytes that one worker copies before it may do something else.
  private static let piece: UInt64 = 16 << 20
  /// Bytes copied at once.
  private static let step: UInt64 = 256 << 10

  init(_ way: Way, _ space: AddressSpace, _ file: MemfdOrigin) {
    self.way = way
    self.space = space
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
        done += UInt64(count)
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
      try space.checkCopy(way.iova, way.length, write: !way.isRead, patient: patient)
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
      var isFile = !way.isRead
      do throws(Refusal) {
        if way.isRead {
          try unsafe space.read(iova, into: part, patient: patient)
          isFile = true
          try unsafe file.write(at: offset, from: UnsafeRawBufferPointer(part))
        } else {
          try unsafe file.read(at: offset, into: part)
          isFile = false
          try unsafe space.write(iova, from: UnsafeRawBufferPointer(part), patient: patient)
        }
      } catch {
        stop = Stop(refusal: error, isFile: isFile)
      }
    }
    if let stop { throw stop }
  }
}
