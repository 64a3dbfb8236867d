// SPDX-License-Identifier: Apache-2.0

import CLinux
import IommuBase

/// What a log says about itself, in its first 128 bytes. This part is the same in all versions, so that a log from a
/// later daemon still says whose it is.
package struct LogHeader: Equatable, Sendable {
  /// What wrote the log.
  package var version = StateLog.version
  /// The oldest daemon that can read it.
  package var minReader = StateLog.minReader
  /// The daemon's number for the context.
  package var number: UInt64
  /// Rises with each log that takes the place of another.
  package var generation: UInt64
  package var owner: UInt32
  package var name: String

  package init(number: UInt64, generation: UInt64, owner: UInt32, name: String) {
    self.number = number
    self.generation = generation
    self.owner = owner
    self.name = name
  }

  /// Bytes that it takes.
  package static let bytes = 128
  static let nameBytes = 64
  /// Where four bytes stand for the end of the frames that the log speaks of.
  static let framesAt = 108
  /// Where the word stands that says that the log has all that came before it.
  static let completeWord = 112
  /// Where the id of the pages object stands that is being pinned again.
  package static let repinningWord = 120
  /// What a complete log has there.
  static let complete: UInt64 = 0x6574_656c_706d_6f63

  private static let magic: UInt64 = 0x474f_4c55_4d4d_4f49
  private static let checksumAt = 104

  func write(to base: UnsafeMutableRawPointer) {
    func put<T: FixedWidthInteger>(_ value: T, _ at: Int) {
      unsafe base.storeBytes(of: value.littleEndian, toByteOffset: at, as: T.self)
    }
    let text = Array(name.utf8.prefix(Self.nameBytes))
    put(Self.magic, 0)
    put(version, 8)
    put(minReader, 12)
    put(number, 16)
    put(generation, 24)
    put(owner, 32)
    put(UInt32(text.count), 36)
    for (position, byte) in text.enumerated() { put(byte, 40 + position) }
    put(unsafe iommu_crc32c(0, base, UInt64(Self.checksumAt)), Self.checksumAt)
  }

  init(reading base: UnsafeRawPointer) throws(LogFault) {
    func get<T: FixedWidthInteger>(_ at: Int) -> T {
      T(littleEndian: unsafe base.loadUnaligned(fromByteOffset: at, as: T.self))
    }
    guard get(0) == Self.magic else { throw .notALog }
    let sum = unsafe iommu_crc32c(0, base, UInt64(Self.checksumAt))
    guard get(Self.checksumAt) == sum else { throw .headerBroken }
    version = get(8)
    minReader = get(12)
    number = get(16)
    generation = get(24)
    owner = get(32)
    let length = Int(get(36) as UInt32)
    guard length <= Self.nameBytes else { throw .headerBroken }
    let bytes = (0..<length).map { get(40 + $0) as UInt8 }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .headerBroken }
    name = text
  }
}

/// Why a log cannot be read.
package enum LogFault: Error, Equatable, Sendable {
  case notALog
  case headerBroken
  /// A later daemon wrote it; `minReader` is the oldest that reads it.
  case tooNew(minReader: UInt32)
  /// Something is wrong at this byte, or with what is said there.
  case corrupt(at: Int)
  case system(Errno)
}

extension LogFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notALog: "it does not begin as logs do"
    case .headerBroken: "its first bytes are damaged"
    case .tooNew(let minReader):
      "it takes a daemon that reads version \(minReader), and this one reads up to \(StateLog.version)"
    case .corrupt(let at): "it is damaged at byte \(at)"
    case .system(let errno): "\(errno)"
    }
  }
}
