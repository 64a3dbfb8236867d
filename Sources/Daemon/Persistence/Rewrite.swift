// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// A log that is being written anew, from what the context holds. What changes meanwhile is appended as well: every
/// change says all about the thing that it names, so it does not matter whether the piece that tells of the thing comes
/// before or after. Confined to the loop.
final class Rewrite {
  private enum Stage {
    case objects(after: ObjectID?)
    case areas(space: ObjectID, after: IOVA?)
    case answers
    /// All is there; requests under way may have been seen halfway.
    case waiting
    case stored(StoreNumber, DescriptorStore.Ticket)
  }

  let log: StateLog
  private var stage = Stage.objects(after: nil)
  private(set) var isShort = false
  /// It goes on when no request is under way.
  fileprivate var waitsForIdle = false

  init(_ log: StateLog) { self.log = log }

  func note(_ change: Change) {
    guard !isShort, !log.append(change) else { return }
    isShort = true
    // It may be in the store already, and must not count before the old one then.
    log.isComplete = false
  }

  func commit() { if !isShort { log.commit() } }

  func hasRoom(_ bytes: Int) -> Bool { isShort || log.capacity - log.used >= bytes }

  /// Objects and areas of one piece.
  private static let piece = 256

  /// Writes one more piece.
  ///
  /// - Returns: whether there is more to write at once.
  func advance(_ owner: ChangeLog) -> Bool {
    let context = owner.context
    if isShort { return false }
    switch stage {
    case .objects(let after):
      var last = after
      var count = 0
      context.objects.forEach(after: after) { id, entry in
        if let change = context.saved(entry) { note(change) }
        last = id
        count += 1
        return count < Self.piece
      }
      stage = count < Self.piece ? firstSpace(of: context, after: nil) : .objects(after: last)
    case .areas(let id, let after):
      guard case .ioas(let space)? = context.objects[id] else {
        stage = firstSpace(of: context, after: id)
        break
      }
      let areas = space.space.areas(after: after, limit: Self.piece)
      for area in areas where area.state != .settingUp {
        guard let slice = area.pages.account as? Slice, slice.id != nil else { continue }
        for change in context.saved(area, slice, in: id) { note(change) }
      }
      if areas.count == Self.piece, let last = areas.last {
        stage = .areas(space: id, after: last.range.first)
      } else {
        stage = firstSpace(of: context, after: id)
      }
    case .answers:
      owner.answers.forEach { note(.answer($0)) }
      stage = .waiting
    case .waiting:
      // A worker may have mapped half of what a request wants.
      guard context.inFlight == 0 else {
        owner.pokeWhenIdle()
        return false
      }
      commit()
      // One that would be written anew at once is no better than the old one.
      if log.used > log.capacity / 2 || !hasRoom(owner.reserved) { isShort = true }
      if isShort { return false }
      log.isComplete = true
      store(owner)
      return false
    case .stored(let number, let ticket):
      guard owner.persistence.store.hasPassed(ticket) else {
        owner.poke(after: owner.persistence.store.passed)
        return false
      }
      owner.succeed(by: log, number)
      return false
    }
    commit()
    FaultPoint.reached("piece")
    return !isShort
  }

  private func store(_ owner: ChangeLog) {
    let (store, uid) = (owner.persistence.store, owner.context.owner)
    do throws(StoreFull) {
      let number = try store.hold(log.descriptor, .log, for: uid, replacing: owner.number)
      stage = .stored(number, store.barrier())
      FaultPoint.reached("stored")
      owner.poke(after: store.passed)
    } catch {
      // Too many others replace theirs just now.
      owner.poke(after: owner.persistence.replaced)
    }
  }

  private func firstSpace(of context: Context, after: ObjectID?) -> Stage {
    var found = Stage.answers
    context.objects.forEach(after: after) { id, entry in
      guard case .ioas = entry else { return true }
      found = .areas(space: id, after: nil)
      return false
    }
    return found
  }

  /// It is given up.
  func close(of owner: ChangeLog) {
    if case .stored(let number, _) = stage {
      owner.persistence.store.letGo(number, .log, of: owner.context.owner)
    }
    owner.context.account.give(UInt64(log.capacity), of: .engineBytes)
  }
}

extension ChangeLog {
  /// Begins to write the log anew, so that it will have `room` bytes besides what is there.
  ///
  /// - Throws: EDQUOT, ENOMEM.
  func beginRewrite(room: Int) throws(Failure) {
    var capacity = Self.leastCapacity
    while capacity < 4 * estimate + 2 * room { capacity *= 2 }
    try beginRewrite(capacity: capacity)
  }

  private func beginRewrite(capacity: Int) throws(Failure) {
    let next = try Self.makeLog(
      of: context, contextNumber, generation: log.header.generation + 1, capacity: capacity)
    _ = next.append(.context(context.savedOptions))
    rewrite = Rewrite(next)
    failure = nil
    persistence.schedule(self)
  }

  /// About the bytes that the present state takes.
  private var estimate: Int { context.objects.count * 160 + answers.bytes }

  /// Writes a piece, or finds out that there is nothing to write yet.
  ///
  /// - Returns: whether there is more to write.
  func rewriteSome() -> Bool {
    guard let rewrite else { return false }
    if rewrite.advance(self) { return true }
    guard self.rewrite === rewrite, rewrite.isShort else {
      return false
    }
    // More came than was thought.
    let capacity = rewrite.log.capacity * 2
    endRewrite()
    do throws(Failure) {
      try beginRewrite(capacity: capacity)
      return true
    } catch {
      failure = error
      complain(error)
      changed.release()
      return false
    }
  }

  /// Looks again when `list` is released.
  fileprivate func poke(after list: WaitList) {
    _ = list.add { [weak self] in
      guard let self, rewrite != nil else { return }
      persistence.schedule(self)
    }
  }

  /// The log stays as it is.
  func endRewrite() {
    guard let rewrite else { return }
    self.rewrite = nil
    rewrite.close(of: self)
    persistence.replaced.release()
  }

  /// Looks again when nothing is under way. Not all that is tells the log of its end.
  fileprivate func pokeWhenIdle() {
    guard let rewrite, !rewrite.waitsForIdle else { return }
    rewrite.waitsForIdle = true
    _ = context.idle.add { [weak self] in
      rewrite.waitsForIdle = false
      guard let self, self.rewrite === rewrite else { return }
      persistence.schedule(self)
    }
  }

  func complain(_ failure: Failure) {
    persistence.clientJournal.log(
      .warning, .logFull,
      "the log of context \(context.name ?? "") cannot be written anew: \(failure.message)",
      .uid(context.owner))
  }

  /// Whether to ask for room again: there is enough now, or nobody makes any. One that was being written anew may not
  /// have been meant to be that large.
  ///
  /// - Throws: why no room could be made.
  func mayHaveRoom(_ bytes: Int) throws(Failure) -> Bool {
    if hasRoom(bytes) { return true }
    if rewrite != nil { return false }
    if let failure { throw failure }
    return true
  }
}
