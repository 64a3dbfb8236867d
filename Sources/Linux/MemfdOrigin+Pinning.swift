// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

extension MemfdOrigin {
  /// Pins at most up to the next border of 64 MiB in the file. Bytes past the end of the file are none of `range`.
  package func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    guard !writable || self.writable else { throw .readOnly }
    let range = fitting(range, in: batch)
    lock.lock()
    let plan = book.plan(range, for: holder)
    if case .revive(let piece) = plan { book.revive(piece, for: holder) }
    lock.unlock()
    let piece: IndexRange
    switch plan {
    case .revive(let retained):
      piece = retained
    case .register(let fresh):
      piece = fresh
      let hold = try hold(fresh)
      lock.lock()
      book.insert(fresh, for: holder, hold: hold)
      lock.unlock()
    }
    do throws(Refusal) {
      try appendFrames(of: piece, for: holder, to: &batch)
    } catch {
      giveBack(piece, for: holder)
      throw error
    }
    return piece.count
  }

  package func unpin(_ range: IndexRange, for holder: PinHolder) {
    if case .machine(let machine) = frames { machine.forget(range, for: holder) }
    giveBack(range, for: holder)
  }

  private func giveBack(_ range: IndexRange, for holder: PinHolder) {
    lock.lock()
    let freed = book.release(range, for: holder)
    lock.unlock()
    Hold.release(freed, pool: pool)
  }

  /// What of `range` surely fits `batch`: all of it where its frames follow each other.
  private func fitting(_ range: IndexRange, in batch: borrowing RunBatch) -> IndexRange {
    if case .bus(let bus) = frames, !bus.isScattered { return range }
    let room = UInt64(batch.limit - batch.count)
    precondition(room > 0, "a full batch")
    return IndexRange(first: range.first, count: min(range.count, room))
  }

  private func appendFrames(
    of range: IndexRange, for holder: PinHolder, to batch: inout RunBatch
  ) throws(Refusal) {
    switch frames {
    case .bus(let bus):
      let taken = bus.append(range, to: &batch)
      precondition(taken == range.count, "a full batch")
    case .machine(let machine):
      try refusing(at: range.first) { () throws(Errno) in
        let bytes = try unsafe windows.bytes(
          of: file, at: range.first.rawValue << Page.shift, length: range.count << Page.shift)
        guard let base = UnsafeRawPointer(bytes.baseAddress) else { throw .efault }
        try unsafe machine.append(range, at: base, for: holder, to: &batch)
      }
    }
  }

  /// Has the kernel hold `range`, which crosses no border of 64 MiB.
  private func hold(_ range: IndexRange) throws(Refusal) -> Hold {
    try refuseHoles(in: range, allowingAllocated: true)
    return try refusing(at: range.first) { () throws(Errno) in
      try hold(offset: range.first.rawValue * Page.size, length: range.count * Page.size)
    }
  }

  private func hold(offset: UInt64, length: UInt64) throws(Errno) -> Hold {
    lock.lock()
    let locksOnly = locksOnly
    lock.unlock()
    if !locksOnly {
      let bytes = try unsafe windows.bytes(of: file, at: offset, length: length)
      do {
        return .registered(try unsafe pool.register(bytes))
      } catch {
        guard error == .enosys || error == .eperm || error == .eacces else { throw error }
        // What is only locked moves from frame to frame.
        if case .machine = frames { throw .eopnotsupp }
      }
      lock.lock()
      self.locksOnly = true
      lock.unlock()
    }
    if case .machine = frames { throw .eopnotsupp }
    let start = offset / file.facts.alignment * file.facts.alignment
    let end = (offset + length + file.facts.alignment - 1) / file.facts.alignment * file.facts.alignment
    return .locked(try LockedMapping(file, offset: start, length: end - start))
  }
}

extension MemfdOrigin {
  /// Holes of a client's file are never filled: EFAULT at the first. Memory made here is ours to fill.
  func refuseHoles(in range: IndexRange, allowingAllocated: Bool) throws(Refusal) {
    guard !file.isOwn else { return }
    let hole = try refusing(at: range.first) { () throws(Errno) in
      try holes.firstHole(in: range, of: file, allowingAllocated: allowingAllocated)
    }
    if let hole { throw .origin(.efault, index: hole) }
  }

  /// Does `work`; what Linux refuses there is refused at `index`.
  func refusing<R>(at index: PageIndex, _ work: () throws(Errno) -> R) throws(Refusal) -> R {
    do {
      return try work()
    } catch {
      throw .origin(error, index: index)
    }
  }
}

extension Errno {
  fileprivate static var eacces: Errno { Errno(13) }
}
