// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

/// A memfd by which bytes go to and from the daemon in bulk: populated, and sealed against shrinking.
///
/// Two halves, so that one is filled while the other is emptied.
struct CopyFile: ~Copyable {
  let descriptor: OwnedDescriptor
  /// Bytes of one half.
  let half: UInt64

  /// Bytes that go by messages, since a file pays only for more.
  static let threshold: UInt64 = 1 << 20
  private static let largestHalf: UInt64 = 8 << 20

  /// For `bytes` bytes in all.
  init(for bytes: UInt64) throws(Problem) {
    let half = min(Self.largestHalf, (bytes + Page.offsetMask) & ~Page.offsetMask)
    let number = unsafe iommu_memfd_create("iommuctl", UInt32(IOMMU_HUGE_NONE))
    guard number >= 0 else { throw .failed("cannot make a memfd: \(errorText(-number))") }
    let file = OwnedDescriptor(owning: number)
    guard ftruncate(number, off_t(2 * half)) == 0 else {
      throw .failed("cannot make room in a memfd: \(errorText(errno))")
    }
    let allocated = iommu_allocate(number, 0, 2 * half)
    guard allocated == 0 else { throw .failed("cannot make room in a memfd: \(errorText(-allocated))") }
    let sealed = iommu_add_seals(number, UInt32(IOMMU_SEAL_SHRINK | IOMMU_SEAL_GROW))
    guard sealed >= 0 else { throw .failed("cannot seal a memfd: \(errorText(-sealed))") }
    self.half = half
    descriptor = file
  }

  /// Where half number `turn` begins.
  func start(_ turn: UInt64) -> UInt64 { turn % 2 * half }

  func read(_ count: UInt64, at offset: UInt64) throws(Problem) -> [UInt8] {
    var got: Int64 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { room, filled in
      got = unsafe iommu_pread_all(descriptor.rawValue, room.baseAddress, count, offset)
      filled = max(Int(got), 0)
    }
    guard got == Int64(count) else { throw .failed("cannot read a memfd back") }
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws(Problem) {
    let written = unsafe bytes.withUnsafeBytes {
      unsafe iommu_pwrite_all(descriptor.rawValue, $0.baseAddress, UInt64($0.count), offset)
    }
    guard written == Int64(bytes.count) else { throw .failed("cannot write a memfd") }
  }
}

extension Daemon {
  /// Reads a range by way of a file, in order.
  ///
  /// - Parameter request: the call for a piece, which goes to byte `offset` of the file.
  func readInBulk<M: Method>(
    _ range: (first: IOVA, length: UInt64), into sink: inout ByteSink,
    _ request: (_ iova: IOVA, _ length: UInt64, _ offset: UInt64) -> M
  ) throws(Problem) {
    let file = try CopyFile(for: range.length)
    var pending: [(call: Pending<M>, length: UInt64)] = []
    var (sent, done, turn): (UInt64, UInt64, UInt64) = (0, 0, 0)
    while done < range.length {
      while pending.count < 2, sent < range.length {
        let length = min(file.half, range.length - sent)
        let offset = file.start(turn + UInt64(pending.count))
        let call = request(IOVA(range.first.rawValue + sent), length, offset)
        pending.append((try send(call, file.descriptor.rawValue), length))
        sent += length
      }
      let (call, length) = pending.removeFirst()
      _ = try receive(call, after: done)
      // Where the bytes are until the half is used again, which is after they were taken.
      try sink.take(try file.read(length, at: file.start(turn)))
      done += length
      turn += 1
    }
  }

  /// Writes `first` and the rest of standard input by way of a file.
  ///
  /// - Parameter request: the call for a piece, which comes from byte `offset` of the file.
  func writeInBulk<M: Method>(
    beginning first: [UInt8], to iova: IOVA,
    _ request: (_ iova: IOVA, _ length: UInt64, _ offset: UInt64) -> M
  ) throws(Problem) -> Report {
    let file = try CopyFile(for: .max >> 1)
    var progress = Progress("writing", total: nil)
    var pending: [(call: Pending<M>, length: UInt64)] = []
    var written = Written()
    written.iova = iova
    var (sent, turn): (UInt64, UInt64) = (0, 0)
    var begun = first
    var isOver = false
    while true {
      while !isOver, pending.count < 2 {
        let piece = begun + (try readInput(Int(file.half) - begun.count))
        begun = []
        isOver = piece.count < Int(file.half)
        if piece.isEmpty { break }
        guard iova.rawValue.addingReportingOverflow(sent + UInt64(piece.count) - 1).overflow == false else {
          throw .failed("standard input goes on past the last address")
        }
        let offset = file.start(turn + UInt64(pending.count))
        try file.write(piece, at: offset)
        let call = request(IOVA(iova.rawValue + sent), UInt64(piece.count), offset)
        pending.append((try send(call, file.descriptor.rawValue), UInt64(piece.count)))
        sent += UInt64(piece.count)
        try Problem.catching { () throws(ClientError) in try client.flush() }
      }
      if pending.isEmpty { break }
      let (call, length) = pending.removeFirst()
      _ = try receive(call, after: written.length)
      written.length += length
      turn += 1
      progress.advance(by: length)
    }
    return Report(written, .sentence("wrote \(written.length) bytes at \(iova)"))
  }

  private func send<M: Method>(_ call: M, _ descriptor: Int32) throws(Problem) -> Pending<M> {
    try Problem.catching { () throws(ClientError) in try client.send(call, descriptors: [descriptor]) }
  }
}
