// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// Accesses: the way in for CPUs.
package struct AccessService {
  let contexts: Contexts

  package func create(
    _ call: AccessCreate, _ session: Session
  ) throws(Failure) -> Outcome<AccessCreate.Result> {
    let context = session.context
    let space = try context.space(call.ioas)
    try context.reserveObject()
    let engine = space.space
    return try context.attempt(busy: [space]) { (waiting) throws(Refusal) in
      try Access(engine, pins: call.pins, waiting)
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let made):
        let access = context.adopt(
          {
            HeldAccess(
              id: $0, access: made, space: space, pins: call.pins, account: context.account,
              census: self.contexts.census)
          },
          as: { .access($0) })
        space.accesses += 1
        return .init(access: access.id.rawValue)
      case .failure(let refusal):
        context.unreserveObject()
        throw Failure(refusal, Origins(subject: "pins"))
      }
    }
  }

  // MARK: Pins

  /// Pieces of memory in one answer: as many as fit a line, however large their numbers are.
  private static let segments = 8192

  package func pin(_ call: AccessPin, _ session: Session) throws(Failure) -> Outcome<AccessPin.Result> {
    let context = session.context
    let access = try context.access(call.access)
    guard access.pins else {
      throw Failure(.einval, "access \(call.access) was made without pins", field: "access")
    }
    let range = try IOVARange.named(call.iova, call.length, atMost: IOVARange.longestMapping)
    try context.take(HeldAccess.leastPinBytes, of: .engineBytes, field: "access")
    let engine = access.access
    return try context.attempt(busy: [access]) { (waiting) throws(Refusal) -> Access.Pin? in
      let pin = try engine.pin(range, write: call.write, waiting)
      guard pin.segments.count > Self.segments else { return pin }
      // So many areas are never pinned on the loop: this may wait.
      try engine.unpin(pin.id)
      return nil
    } then: { (result) throws(Failure) in
      guard case .success(let pin?) = result else {
        context.account.give(HeldAccess.leastPinBytes, of: .engineBytes)
        if case .failure(let refusal) = result { throw Failure(refusal) }
        let words = "the range lies in more than \(Self.segments) pieces of memory; pin less at once"
        throw Failure(.eoverflow, words, field: "length")
      }
      access.hold(pin, for: session)
      self.contexts.census.totals.pins += 1
      return .init(pin: pin.id, segments: self.segments(of: pin, for: session, context))
    }
  }

  /// The memory behind a pin, joined where bytes follow each other.
  private func segments(of pin: Access.Pin, for session: Session, _ context: Context) -> [AccessPin.Segment] {
    var segments: [AccessPin.Segment] = []
    for segment in pin.segments {
      guard let slice = segment.pages.account as? Slice else { continue }
      let id = slice.memory
      if let last = segments.last, last.memory == id.rawValue, last.offset + last.length == segment.offset {
        segments[segments.count - 1].length += segment.length
        continue
      }
      let mappable = context.memories[id]?.isMappable(by: session.uid) ?? false
      segments.append(
        .init(memory: id.rawValue, offset: segment.offset, length: segment.length, mappable: mappable))
    }
    return segments
  }

  package func unpin(_ call: AccessUnpin, _ session: Session) throws(Failure) -> Outcome<AccessUnpin.Result> {
    let context = session.context
    let access = try context.access(call.access)
    guard let held = access.held[call.pin] else { throw Failure(Refusal.noSuchPin(call.pin)) }
    let isLarge = held.range.last.rawValue - held.range.first.rawValue >= Quick.pages << Page.shift
    let engine = access.access
    return try context.attempt(isLarge: isLarge, busy: [access]) { (waiting) throws(Refusal) in
      try engine.unpin(call.pin, waiting)
    } then: { (result) throws(Failure) in
      if case .failure(let refusal) = result { throw Failure(refusal) }
      access.forget(call.pin)
      self.contexts.census.totals.unpins += 1
      return .init()
    }
  }

  // MARK: Copies

  package func read(_ call: AccessRead, _ session: Session) throws(Failure) -> Outcome<AccessRead.Result> {
    let access = try session.context.access(call.access)
    if let descriptor = call.descriptor {
      let way = FileCopy.Way(iova: call.iova, length: call.length, offset: call.offset ?? 0, isRead: true)
      return try copy(way, descriptor, of: access, session) { .init() }
    }
    guard call.offset == nil else {
      throw Failure(.einval, "an offset goes with the descriptor of a file", field: "offset")
    }
    let length = try Transfer.check(call.length, field: "length")
    let space = access.space.space
    return try session.context.attemptCopy(busy: [access]) { (waiting, patient) throws(Refusal) in
      try unsafe Transfer.read(length) { (buffer) throws(Refusal) in
        try unsafe space.read(call.iova, into: buffer, waiting, patient: patient)
      }
    } then: { (result) throws(Failure) in
      switch result {
      case .success(let bytes):
        self.contexts.census.totals.copiedBytes += UInt64(bytes.count)
        return .init(data: Bytes(bytes))
      case .failure(let refusal):
        throw Failure(refusal)
      }
    }
  }

  package func write(_ call: AccessWrite, _ session: Session) throws(Failure) -> Outcome<AccessWrite.Result> {
    let access = try session.context.access(call.access)
    if let descriptor = call.descriptor {
      if call.data != nil { throw Failure(.einval, "the bytes come either here or in a file", field: "data") }
      let way = FileCopy.Way(
        iova: call.iova, length: call.length ?? 0, offset: call.offset ?? 0, isRead: false)
      return try copy(way, descriptor, of: access, session) { .init() }
    }
    guard call.offset == nil, call.length == nil else {
      let words = "an offset and a length go with the descriptor of a file"
      throw Failure(.einval, words, field: call.offset == nil ? "length" : "offset")
    }
    let bytes = call.data?.bytes ?? []
    _ = try Transfer.check(UInt64(bytes.count), field: "data")
    let space = access.space.space
    return try session.context.attemptCopy(busy: [access]) { (waiting, patient) throws(Refusal) in
      try unsafe Transfer.write(bytes) { (buffer) throws(Refusal) in
        try unsafe space.write(call.iova, from: buffer, waiting, patient: patient)
      }
    } then: { (result) throws(Failure) in
      if case .failure(let refusal) = result { throw Failure(refusal, .writing) }
      self.contexts.census.totals.copiedBytes += UInt64(bytes.count)
      return .init()
    }
  }
}
