// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Cuts a stream of bytes and descriptor batches into lines, and says which batch belongs to which line.
///
/// A pure state machine: somebody else receives (``Socket``) and decodes (``Inbox``). Every batch is kept with
/// the interval of the stream that was received together with it, since the kernel may merge a message
/// without descriptors with a following one that has some. A line that declares descriptors takes the oldest
/// batch; whatever does not fit is fatal, because from then on no line's descriptors could be trusted.
@safe
package struct Framer: ~Copyable {
  /// A place in the stream, in bytes from its beginning.
  typealias Position = UInt64

  struct Arrival {
    var batch: DescriptorBatch
    var first: Position
    /// The position after the last byte received with it.
    var end: Position
  }

  private(set) var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes `head`..<`tail` of the buffer were received and not yet passed.
  private(set) var head = 0
  private(set) var tail = 0
  /// Where in the buffer the search for the next newline goes on.
  private var searched = 0
  /// Position of `head`.
  private(set) var position: Position = 0
  private(set) var arrivals: [Arrival] = []
  private var overlongSince: Position?
  private var fatal: Fatal?
  private var unsettled: Line?
  /// Sees what is taken out of the stream.
  package var tap: (any LineTap)?

  private static var smallCapacity: Int { 1 << 14 }

  package init() {
    capacity = Self.smallCapacity
    unsafe base = .allocate(capacity: capacity)
  }

  deinit { unsafe base.deallocate() }

  /// A line that stands in the buffer until the next call.
  package struct Line {
    /// Where its text stands in the buffer, without line end.
    fileprivate var text: Range<Int>
    fileprivate(set) var first: Position
    /// The position after its newline.
    fileprivate(set) var end: Position
  }

  // MARK: Bytes in

  /// Bytes that were received and not yet passed.
  package var pendingBytes: Int { tail - head }

  /// Descriptors that were received and not yet given to a line.
  package var pendingDescriptors: Int { arrivals.reduce(0) { $0 + $1.batch.count } }

  /// Runs `receive` on free room of the buffer, at least 4 KiB; it answers how many bytes it filled and what
  /// came with them. Amortised O(bytes).
  package mutating func fill<E: Error>(
    _ receive: (UnsafeMutableRawBufferPointer) throws(E) -> (
      count: Int, batch: DescriptorBatch?, truncated: Bool
    )
  ) throws(E) -> Int {
    makeRoom()
    let room = unsafe UnsafeMutableRawBufferPointer(start: base + tail, count: capacity - tail)
    let (count, batch, truncated) = unsafe try receive(room)
    assert(count >= 0 && count <= room.count)
    let first = position + Position(tail - head)
    tail += count
    if truncated { fatal = .truncated }
    if let batch, batch.count > 0 {
      let end = first + Position(count)
      if overlongSince != nil { fatal = fatal ?? .broken }
      arrivals.append(Arrival(batch: batch, first: first, end: end))
    }
    return count
  }

  private mutating func makeRoom() {
    if head == tail {
      head = 0
      tail = 0
      searched = 0
      if capacity > 4 * Self.smallCapacity { reallocate(Self.smallCapacity) }
    }
    guard capacity - tail < 4096 else { return }
    if head > 0 {
      unsafe memmove(base, base + head, tail - head)
      tail -= head
      searched -= head
      head = 0
    }
    if capacity - tail < 4096 { reallocate(capacity * 2) }
  }

  /// Moves what is pending, which stands at the beginning, to a buffer of another size.
  private mutating func reallocate(_ size: Int) {
    let other = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    unsafe other.update(from: base + head, count: tail - head)
    unsafe base.deallocate()
    unsafe base = other
    capacity = size
    tail -= head
    searched -= head
    head = 0
  }

  // MARK: Lines out

  /// The next event. After ``Event/fatal(_:)`` there is nothing else. Amortised O(bytes).
  package mutating func next() -> Event {
    precondition(unsettled == nil, "the last line was not settled")
    while true {
      if let fatal { return .fatal(fatal) }
      guard let newline = findNewline() else {
        if let count = unclaimable {
          showPiece(takesFirst: true)
          return .fatal(failed(.unclaimed(count)))
        }
        guard pendingBytes > WireLimit.lineBytes || overlongSince != nil else { return .none }
        return skipOverlong()
      }
      let line = cut(newline)
      if let since = overlongSince {
        overlongSince = nil
        return settleOverlong(from: since, line)
      }
      if line.text.count > WireLimit.lineBytes { return settleOverlong(from: line.first, line) }
      if line.text.isEmpty {
        if tap != nil { showBlank(line) }
        passed(line.end)
        continue
      }
      unsettled = line
      return .line(line)
    }
  }

  /// The text of `line`, until the next call that changes the framer.
  package func text(_ line: Line) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base + line.text.lowerBound, count: line.text.count)
  }

  /// Gives `line` the descriptors that it declares; 0 takes none.
  /// - Throws: when they are not there; the connection is lost then.
  package mutating func settle(_ line: Line, declared: Int) throws(Fatal) -> DescriptorBatch? {
    unsettled = nil
    if tap != nil { show(line, takesFirst: declared > 0) }
    var claimed: DescriptorBatch?
    if declared > 0 {
      guard let oldest = arrivals.first, oldest.first < line.end, line.first < oldest.end,
        oldest.batch.count == declared, declared <= WireLimit.descriptors
      else {
        let received = arrivals.first.map { $0.first < line.end ? $0.batch.count : 0 } ?? 0
        throw failed(.mismatch(declared: declared, received: received))
      }
      claimed = arrivals.removeFirst().batch
    }
    passed(line.end)
    if let fatal { throw fatal }
    return claimed
  }

  /// Passes `line`, of which nobody can say whether it declares descriptors.
  /// - Throws: when some came with it; the connection is lost then.
  package mutating func settleBroken(_ line: Line) throws(Fatal) {
    unsettled = nil
    let isLost = overlapped(line.first, line.end)
    if tap != nil { show(line, takesFirst: isLost) }
    if isLost { throw failed(.broken) }
  }

  /// Leaves `line`, the last one, to be the next again.
  package mutating func putBack(_ line: Line) {
    unsettled = nil
    head -= Int(line.end - line.first)
    position = line.first
    searched = head
  }

  /// Lets go of all descriptors that no line has taken: from now on there is nothing but ``Fatal/tooMany``.
  package mutating func lose() { _ = failed(.tooMany) }

  /// The stream has ended: says whether a line was left without its newline.
  package mutating func finish() -> Bool {
    let unfinished = pendingBytes > 0 || overlongSince != nil
    showPiece(takesFirst: true)
    arrivals.removeAll()
    return unfinished
  }

  // MARK: Inside

  private mutating func findNewline() -> Int? {
    guard searched < tail else { return nil }
    let found = unsafe memchr(base + searched, 0x0A, tail - searched)
    guard let found = unsafe found else {
      searched = tail
      return nil
    }
    return unsafe UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
  }

  /// Takes the line that ends with the newline at `newline` out of the buffer's pending bytes.
  private mutating func cut(_ newline: Int) -> Line {
    let first = position
    var (start, end) = (head, newline)
    while end > start, unsafe isBlank(base[end - 1]) { end -= 1 }
    while start < end, unsafe isBlank(base[start]) { start += 1 }
    // Blanks count towards the length: skipping them must not make a line acceptable.
    if newline - head > WireLimit.lineBytes + 1 { (start, end) = (head, newline) }
    position += Position(newline + 1 - head)
    head = newline + 1
    searched = head
    return Line(text: start..<end, first: first, end: position)
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0D || byte == 0x09 }

  /// Forgets the bytes of a line that is too long already and goes on to its newline.
  private mutating func skipOverlong() -> Event {
    let since = overlongSince ?? position
    overlongSince = since
    position += Position(tail - head)
    let isLost = overlapped(since, position)
    showPiece(takesFirst: isLost)
    head = tail
    searched = tail
    return isLost ? .fatal(failed(.broken)) : .none
  }

  private mutating func settleOverlong(from first: Position, _ line: Line) -> Event {
    let isLost = overlapped(first, line.end)
    show(line, takesFirst: isLost)
    return isLost ? .fatal(failed(.broken)) : .overlong
  }

  /// Descriptors that no line can claim whatever comes, while what is pending is a line without its end: more than one
  /// may declare, or behind those that this one takes. Who never ends a line could pile them up.
  private var unclaimable: Int? {
    guard let oldest = arrivals.first else { return nil }
    if oldest.batch.count > WireLimit.descriptors { return oldest.batch.count }
    return arrivals.count > 1 ? arrivals[1].batch.count : nil
  }

  private func overlapped(_ first: Position, _ end: Position) -> Bool {
    arrivals.contains { $0.first < end && first < $0.end }
  }

  /// Everything before `end` has been given out: batches of which no byte is left to come are lost.
  @inline(__always)
  private mutating func passed(_ end: Position) {
    if let oldest = arrivals.first, oldest.end <= end { fatal = .unclaimed(oldest.batch.count) }
  }

  private mutating func failed(_ reason: Fatal) -> Fatal {
    fatal = reason
    arrivals.removeAll()
    return reason
  }
}
