// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A stretch of a flat table: 65536 entries, and how many of them are in use.
@safe
struct FlatChunk: BitwiseCopyable, Sendable {
  static let shift: UInt64 = 16
  static let entries = 1 << 16
  /// Bytes that a chunk takes: the entries, and a header as long as a cache line before them.
  static let bytes = header + entries * MemoryLayout<UInt64>.stride
  private static let header = 64

  nonisolated(unsafe) private let base: UnsafeMutableRawPointer

  private init(_ base: UnsafeMutableRawPointer) { unsafe self.base = base }

  /// A chunk whose entries are all 0, or nil without memory.
  static func make() -> FlatChunk? {
    guard let base = unsafe Heap.tryZeroed(bytes) else { return nil }
    unsafe (base + header).bindMemory(to: UInt64.self, capacity: entries)
    return unsafe FlatChunk(base)
  }

  func free() { unsafe Heap.give(base) }

  @inline(__always)
  var entries: UnsafeMutablePointer<UInt64> {
    unsafe (base + Self.header).assumingMemoryBound(to: UInt64.self)
  }

  /// Entries that are not 0.
  @inline(__always)
  var used: Int {
    get { unsafe base.load(as: Int.self) }
    nonmutating set { unsafe base.storeBytes(of: newValue, as: Int.self) }
  }
}

/// Empty chunks kept for later. Tables may share one, so that a new table does not have to take fresh memory from
/// the system, which costs more than filling it.
package final class FlatChunkPool: @unchecked Sendable {
  private let lock = Lock()
  private var spare: [FlatChunk] = []
  private let kept: Int

  /// - Parameter kept: chunks of half a MiB that are kept at most.
  package init(kept: Int = 1) { self.kept = kept }

  deinit { for chunk in spare { chunk.free() } }

  func take() -> FlatChunk? {
    lock.lock()
    let chunk = spare.popLast()
    lock.unlock()
    return chunk ?? FlatChunk.make()
  }

  /// Takes back a chunk whose entries are all 0.
  func giveBack(_ chunk: FlatChunk) {
    assert(chunk.used == 0)
    lock.lock()
    defer { lock.unlock() }
    guard spare.count < kept else {
      chunk.free()
      return
    }
    spare.append(chunk)
  }
}
