// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Copies in and out of an address space: by the CPU through its areas, and by a device through a domain.
extension AddressSpace {
  /// What a copy stands on: a part of one area, which cannot be unmapped before the copy has ended.
  struct Slice {
    var area: Area
    var range: IOVARange
  }

  /// Reads from `iova` on into `buffer`, across areas where they meet.
  ///
  /// - Parameter patient: whether the thread can be spared for as long as memory may not answer.
  /// - Throws: ``Refusal/emptyRange``, `overflow`, `notMapped`, `protected`, `marked`, `mayBlock`, and what the origin
  ///   refuses, when part of `buffer` may have been filled.
  package func read(
    _ iova: IOVA, into buffer: UnsafeMutableRawBufferPointer, by path: CopyPath = .origin,
    _ waiting: Waiting = .wait, patient: Bool = true
  ) throws(Refusal) {
    try copy(iova, UInt64(buffer.count), needs: .read, path, waiting, patient) {
      (origin, offset, done, count) throws(Refusal) in
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
      try unsafe origin.read(at: offset, into: part)
    }
  }

  /// Writes `buffer` from `iova` on, across areas where they meet. Errors as ``read(_:into:by:_:)``; bytes before
  /// the one at fault may have been written.
  package func write(
    _ iova: IOVA, from buffer: UnsafeRawBufferPointer, by path: CopyPath = .origin,
    _ waiting: Waiting = .wait, patient: Bool = true
  ) throws(Refusal) {
    try copy(iova, UInt64(buffer.count), needs: .write, path, waiting, patient) {
      (origin, offset, done, count) throws(Refusal) in
      let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[done..<done + count])
      try unsafe origin.write(at: offset, from: part)
    }
  }

  /// Whether all bytes may be read, or written, as ``read(_:into:by:_:patient:)`` and its like would say before they
  /// begin. O(areas).
  package func checkCopy(
    _ iova: IOVA, _ length: UInt64, write: Bool, patient: Bool
  ) throws(Refusal) {
    end(try begin(iova, length, needs: write ? .write : .read, .wait, patient))
  }

  private typealias Copying = (_ origin: any Origin, _ offset: UInt64, _ done: Int, _ count: Int)
    throws(Refusal) -> Void

  private func copy(
    _ iova: IOVA, _ length: UInt64, needs right: Protection, _ path: CopyPath, _ waiting: Waiting,
    _ patient: Bool, _ body: Copying
  ) throws(Refusal) {
    let slices = try begin(iova, length, needs: right, waiting, patient)
    defer { end(slices) }
    var done: UInt64 = 0
    for slice in slices {
      let count = slice.range.last.rawValue - slice.range.first.rawValue + 1
      let pages = slice.area.pages
      switch path {
      case .origin:
        try body(pages.origin, slice.area.originOffset(of: slice.range.first), Int(done), Int(count))
      case .frames:
        let offset = slice.area.byteOffset + (slice.range.first.rawValue - slice.area.range.first.rawValue)
        try pages.acquire(waiting)
        defer { pages.lock.unlock() }
        try pages.copyByFrames(offset, count, batchLimit: batchLimit) {
          (originOffset, inSlice, bytes) throws(Refusal) in
          try body(pages.origin, originOffset, Int(done + inSlice), Int(bytes))
        }
      }
      done += count
    }
  }

  /// Finds the areas that cover all of the bytes and keeps them from being unmapped.
  private func begin(
    _ iova: IOVA, _ length: UInt64, needs right: Protection, _ waiting: Waiting, _ patient: Bool
  ) throws(Refusal) -> [Slice] {
    guard length > 0 else { throw .emptyRange }
    guard let range = IOVARange(first: iova, length: length) else {
      throw .overflow(start: iova.rawValue, length: length)
    }
    try checkQuick(length, waiting)
    try acquireIOVAs(waiting)
    defer { iovaLock.unlock() }
    let slices = try cover(range, waiting)
    for slice in slices where !slice.area.protection.contains(right) {
      throw .protected(slice.area.range, write: right == .write)
    }
    try checkUnmarked(slices)
    try checkPatience(slices, patient)
    for slice in slices { slice.area.copies += 1 }
    return slices
  }

  /// Refuses what somebody wants to unmap. `iovaLock` is held.
  func checkUnmarked(_ slices: [Slice]) throws(Refusal) {
    for slice in slices where slice.area.marks > 0 { throw .marked(slice.area.range) }
  }

  private func checkPatience(_ slices: [Slice], _ patient: Bool) throws(Refusal) {
    if !patient, slices.contains(where: { $0.area.pages.origin.mayBlock }) { throw .mayBlock }
  }

  func checkQuick(_ length: UInt64, _ waiting: Waiting) throws(Refusal) {
    if waiting == .tryOnly && length > UInt64(Quick.bytes) { throw .contended }
  }

  func end(_ slices: [Slice]) {
    iovaLock.lock()
    var waited = false
    for slice in slices {
      slice.area.copies -= 1
      waited = waited || slice.area.state == .tearingDown || slice.area.copies == 0
    }
    iovaLock.unlock()
    if waited { settled.broadcast() }
  }

  /// The areas that cover all of `range`, cut to it. `iovaLock` is held.
  ///
  /// - Throws: ``Refusal/notMapped(_:)``; ``Refusal/contended`` where a try-only caller would have to walk far.
  func cover(_ range: IOVARange, _ waiting: Waiting) throws(Refusal) -> [Slice] {
    let (slices, end) = prefix(of: range, limit: waiting == .tryOnly ? Quick.areas : .max)
    guard let end else { return slices }
    throw waiting == .tryOnly && slices.count == Quick.areas ? .contended : .notMapped(end)
  }

  /// The areas, at most `limit`, that cover `range` from its beginning on, cut to it, and the first IOVA that none covers, nil when
  /// all are covered. `iovaLock` is held.
  func prefix(of range: IOVARange, limit: Int = .max) -> (slices: [Slice], end: IOVA?) {
    var slices: [Slice] = []
    guard var cursor = tree.cursor(floor: range.first.rawValue) else { return ([], range.first) }
    var position = range.first
    while true {
      let area = Self.area(of: cursor.entry)
      guard area.range.contains(position), area.state == .live else { return (slices, position) }
      let last = min(area.range.last, range.last)
      slices.append(Slice(area: area, range: IOVARange(position, through: last)))
      if last == range.last { return (slices, nil) }
      position = IOVA(last.rawValue + 1)
      guard slices.count < limit, cursor.advance() else { return (slices, position) }
    }
  }

  // MARK: DMA

  /// Reads as a device behind `domain` would: through its table and with its permission bits.
  ///
  /// - Throws: ``Refusal/fault(iova:done:)`` with the bytes done before the fault, `emptyRange`, `overflow`.
  package func dmaRead(
    _ domain: any Domain, _ iova: IOVA, into buffer: UnsafeMutableRawBufferPointer,
    _ waiting: Waiting = .wait,
    patient: Bool = true
  ) throws(Refusal) {
    try dma(domain, iova, UInt64(buffer.count), needs: .read, waiting, patient) {
      (origin, offset, done, count) throws(Refusal) in
      let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
      try unsafe origin.read(at: offset, into: part)
    }
  }

  /// Writes as a device behind `domain` would. Errors as ``dmaRead(_:_:into:_:)``.
  package func dmaWrite(
    _ domain: any Domain, _ iova: IOVA, from buffer: UnsafeRawBufferPointer, _ waiting: Waiting = .wait,
    patient: Bool = true
  ) throws(Refusal) {
    try dma(domain, iova, UInt64(buffer.count), needs: .write, waiting, patient) {
      (origin, offset, done, count) throws(Refusal) in
      let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[done..<done + count])
      try unsafe origin.write(at: offset, from: part)
    }
  }

  private func dma(
    _ domain: any Domain, _ iova: IOVA, _ length: UInt64, needs right: Protection, _ waiting: Waiting,
    _ patient: Bool, _ copy: Copying
  ) throws(Refusal) {
    guard length > 0 else { throw .emptyRange }
    guard let range = IOVARange(first: iova, length: length) else {
      throw .overflow(start: iova.rawValue, length: length)
    }
    try checkQuick(length, waiting)
    // No domain leaves before the copy has ended: what it translated stays mapped and pinned.
    try acquireDomainsShared(waiting)
    defer { domainsLock.unlock() }
    try acquireIOVAs(waiting)
    let slices = prefix(of: range).slices
    do throws(Refusal) {
      try checkPatience(slices, patient)
    } catch {
      iovaLock.unlock()
      throw error
    }
    for slice in slices { slice.area.copies += 1 }
    iovaLock.unlock()
    defer { end(slices) }
    var done: UInt64 = 0
    // What was begun counts as written.
    var written: UInt64 = 0
    // Once a run has failed, it is copied again page by page, up to the byte at which it does.
    var stepsByPages = false
    defer {
      // After the bytes, and before anybody can unmap what they went through.
      if right == .write, written > 0, let log = domain.dirty {
        log.mark(IOVARange(iova, through: IOVA(iova.rawValue + (written - 1))))
      }
    }
    for slice in slices {
      let origin = slice.area.pages.origin
      var position = slice.range.first.rawValue
      while done < length, position <= slice.range.last.rawValue {
        let rest = slice.range.last.rawValue - position + 1
        let most = stepsByPages ? min(rest, Page.size - position & Page.offsetMask) : rest
        guard let (offset, count) = Self.reach(domain, IOVA(position), most, right, origin) else {
          throw .fault(iova: IOVA(position), done: done)
        }
        written = done + count
        do throws(Refusal) {
          try copy(origin, offset, Int(done), Int(count))
        } catch {
          if stepsByPages { throw .fault(iova: IOVA(position), done: done) }
          stepsByPages = true
          continue
        }
        done += count
        if count == rest { break }
        position += count
      }
    }
    if done < length { throw .fault(iova: IOVA(iova.rawValue + done), done: done) }
  }

  /// The byte of `origin` to which `iova` leads and how many bytes, at most `limit`, follow there without a break.
  private static func reach(
    _ domain: any Domain, _ iova: IOVA, _ limit: UInt64, _ right: Protection, _ origin: any Origin
  ) -> (offset: UInt64, count: UInt64)? {
    guard let (start, length) = domain.stretch(from: iova, limit: limit), start.protection.contains(right)
    else { return nil }
    return origin.bytes(behind: start.address, limit: length)
  }
}
