// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore

extension MemfdOrigin {
  /// Pins at most up to the next border of 64 MiB in the file. Bytes past the end of the file are none of `range`.
  package func pin(
    _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
  ) throws(Refusal) -> UInt64 {
    guard !writable || self.writable else { throw .readOnly }
    let first = frameBase.advanced(by: range.first.rawValue)
    precondition(batch.takes(first), "a full batch")
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
    let taken = batch.append(FrameRun(pfn: first, count: piece.count))
    assert(taken)
    return piece.count
  }

  package func unpin(_ range: IndexRange, for holder: PinHolder) {
    lock.lock()
    let freed = book.release(range, for: holder)
    lock.unlock()
    Hold.release(freed, pool: pool)
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
      }
      lock.lock()
      self.locksOnly = true
      lock.unlock()
    }
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

extension RunBatch {
  /// Whether a run that begins with `pfn` fits.
  fileprivate func takes(_ pfn: PFN) -> Bool {
    guard count == limit else { return true }
    let last = self[count - 1]
    return last.pfn.advanced(by: last.count) == pfn
  }
}

extension Errno {
  fileprivate static var eacces: Errno { Errno(13) }
}
