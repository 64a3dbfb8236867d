// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuLinux

/// One generation of a log: a file in memory that the service manager keeps, mapped here.
///
/// Behind the header stand records, each beginning at a multiple of 8 bytes: a word with the length of what follows in
/// its low half and its checksum in the high one, then changes (``Change``) up to that length. The word is written
/// last. So a record is there as a whole or not at all, whenever the daemon is killed; a word of 0 is the end.
///
/// Not for two threads at once, but for ``repinning``.
package final class StateLog {
  /// What is written here, and the oldest daemon that reads it.
  package static let version: UInt32 = 1
  package static let minReader: UInt32 = 1

  package let header: LogHeader
  /// Bytes, with the header.
  package let capacity: Int
  private let file: OwnedDescriptor
  private let mapping: OwnedMapping
  /// Where the record that is being put together begins.
  private var start: Int
  /// Behind its last change.
  private var tail: Int

  private init(
    _ file: consuming OwnedDescriptor, _ mapping: consuming OwnedMapping, _ header: LogHeader, start: Int
  ) {
    self.header = header
    capacity = mapping.length
    self.file = file
    self.mapping = mapping
    self.start = start
    tail = start + Self.word
  }

  private static let word = 8

  // MARK: Making and opening

  /// An empty log, all of whose memory is there already.
  ///
  /// - Parameter capacity: bytes, at least 4096.
  package static func make(
    owner: UInt32, name: String, number: UInt64, generation: UInt64, capacity: Int
  ) throws(Errno) -> StateLog {
    let made = unsafe iommu_memfd_create("iommud-log", UInt32(IOMMU_HUGE_NONE))
    guard made >= 0 else { throw Errno(-made) }
    let file = OwnedDescriptor(owning: made)
    guard fchmod(made, 0o600) == 0, ftruncate(made, capacity) == 0 else { throw Errno.current }
    let allocated = iommu_allocate(made, 0, UInt64(capacity))
    guard allocated == 0 else { throw Errno(-allocated) }
    let seals: UInt32 = 7  // F_SEAL_SEAL, _SHRINK and _GROW
    let sealed = iommu_add_seals(made, seals)
    guard sealed == 0 else { throw Errno(-sealed) }
    let mapping = try map(made, capacity)
    let header = LogHeader(number: number, generation: generation, owner: owner, name: name)
    unsafe header.write(to: mapping.base)
    return StateLog(file, mapping, header, start: LogHeader.bytes)
  }

  /// A log that was kept. Whatever the bytes are, this answers or throws.
  package convenience init(opening file: consuming OwnedDescriptor) throws(LogFault) {
    var facts = stat()
    guard unsafe fstat(file.rawValue, &facts) == 0 else { throw .system(Errno.current) }
    // A file that could become shorter would end the daemon where it is read.
    guard iommu_get_seals(file.rawValue) & 2 != 0, facts.st_size >= LogHeader.bytes + Self.word,
      facts.st_size <= 1 << 32
    else { throw .notALog }
    let mapping: OwnedMapping
    do throws(Errno) {
      mapping = try Self.map(file.rawValue, facts.st_size)
    } catch {
      throw .system(error)
    }
    let header = try unsafe LogHeader(reading: mapping.base)
    self.init(file, mapping, header, start: LogHeader.bytes)
  }

  private static func map(_ file: Int32, _ length: Int) throws(Errno) -> OwnedMapping {
    let base = unsafe mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
    guard unsafe base != MAP_FAILED, let base = unsafe base else { throw Errno.current }
    return unsafe OwnedMapping(owning: base, length: length)
  }

  /// Of the file, which stays the log's.
  package var descriptor: Int32 { file.rawValue }

  // MARK: Writing

  /// Bytes that are in use, what is not committed yet included.
  package var used: Int { tail }

  package var hasPending: Bool { tail > start + Self.word }

  /// Puts a change behind the last one, where it counts for nothing until ``commit()``. No system call, no allocation
  /// but for names.
  ///
  /// - Returns: false when there is no room, and then nothing has changed.
  package func append(_ change: Change) -> Bool {
    var writer = unsafe LogWriter(mapping.base, from: tail, to: capacity)
    change.write(to: &writer)
    guard !writer.isFull else { return false }
    tail = writer.at
    if case .memory(let memory) = change { noteFrames(of: memory) }
    return true
  }

  /// Makes one record of all that was appended since the last.
  package func commit() {
    guard hasPending else { return }
    FaultPoint.reached("appended")
    let length = tail - start - Self.word
    let sum = unsafe Self.checksum(mapping.base, start, length)
    unsafe iommu_store_last(word(at: start), UInt64(sum) << 32 | UInt64(length))
    start = (tail + 7) & ~7
    tail = start + Self.word
    FaultPoint.reached("committed")
  }

  /// Of a record at `start`, which is part of it: so no record passes for another.
  private static func checksum(_ base: UnsafeMutableRawPointer, _ start: Int, _ length: Int) -> UInt32 {
    unsafe iommu_crc32c(UInt32(truncatingIfNeeded: start), base + start + word, UInt64(length))
  }

  private func word(at offset: Int) -> UnsafeMutablePointer<UInt64> {
    unsafe (mapping.base + offset).assumingMemoryBound(to: UInt64.self)
  }

  /// Whether it has all that the log before it had.
  package var isComplete: Bool {
    get { unsafe word(at: LogHeader.completeWord).pointee == LogHeader.complete }
    set {
      unsafe iommu_store_last(word(at: LogHeader.completeWord), newValue ? LogHeader.complete : 0)
      FaultPoint.reached("complete")
    }
  }

  /// The id of the pages object that is being pinned again just now; 0 for none. It stays when the daemon is killed.
  /// Any thread.
  package var repinning: UInt32 {
    get { UInt32(truncatingIfNeeded: unsafe word(at: LogHeader.repinningWord).pointee) }
    set { unsafe iommu_store_last(word(at: LogHeader.repinningWord), UInt64(newValue)) }
  }

  private func noteFrames(of memory: SavedMemory) {
    for descriptor in memory.descriptors {
      guard let base = descriptor.frameBase else { continue }
      frameEnd = max(frameEnd, FrameAllocator.end(of: base, bytes: descriptor.frameBytes))
    }
  }

  /// Behind all frames that memory here has or had, in units of ``FrameAllocator``: what another context must not get
  /// before this one is back.
  package private(set) var frameEnd: UInt32 {
    get {
      UInt32(littleEndian: unsafe mapping.base.load(fromByteOffset: LogHeader.framesAt, as: UInt32.self))
    }
    set {
      unsafe mapping.base.storeBytes(
        of: newValue.littleEndian, toByteOffset: LogHeader.framesAt, as: UInt32.self)
    }
  }

  // MARK: Reading

  /// What all records come to. To be called once, before anything is written; that goes behind the last record then.
  ///
  /// O(bytes), and O(log areas) for each area.
  package func replay() throws(LogFault) -> SavedContext {
    if header.minReader > Self.version { throw .tooNew(minReader: header.minReader) }
    var context = SavedContext()
    var at = LogHeader.bytes
    while at + Self.word <= capacity {
      let word = unsafe word(at: at).pointee
      if word == 0 { break }
      let length = Int(word & 0xffff_ffff)
      guard length > 0, length <= capacity - at - Self.word,
        unsafe Self.checksum(mapping.base, at, length) == UInt32(word >> 32)
      else { throw .corrupt(at: at) }
      var reader = unsafe LogReader(mapping.base, from: at + Self.word, to: at + Self.word + length)
      do throws(LogCorruption) {
        while !reader.isAtEnd { try context.apply(Change(from: &reader)) }
      } catch {
        throw .corrupt(at: reader.at)
      }
      at = (at + Self.word + length + 7) & ~7
    }
    start = at
    tail = at + Self.word
    context.sweep()
    do throws(LogCorruption) {
      try context.check()
    } catch {
      throw .corrupt(at: at)
    }
    return context
  }
}
