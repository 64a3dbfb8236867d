// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Finds or makes the memory that the sources of one ioas.map mean, and can give all of it back. Confined to the loop.
final class SourceFinder {
  /// What a source turned out to be.
  struct Found {
    var memory: HeldMemory
    /// Whether the source gives the right to write, which the memory may have from another.
    var writable: Bool
    /// Where in the memory the source begins.
    var offset: UInt64
    /// Bytes of the memory now: a file may have become shorter.
    var size: UInt64
  }

  let session: Session
  let context: Context
  let contexts: Contexts
  /// The processes whose memory descriptors of the line turned out to be.
  let processes: [UInt32: ProcessFile]

  /// The memory behind each source, which is in use from here on.
  private(set) var memories: [HeldMemory] = []
  /// Descriptors of new memory for the answer.
  var answers: [(descriptor: Int32, memory: ObjectID)] = []
  /// Origins that were added to memory that was there before.
  private var added: [(memory: HeldMemory, origin: any MemoryOrigin, price: HeldMemory.Price)] = []
  /// Rights that come with the mapping.
  private var grants: [(memory: HeldMemory, write: Bool, share: Bool)] = []
  private var byDescriptor: [UInt32: Found] = [:]
  /// What was paid for all that is new, but for its pins.
  private(set) var taken = MapPlan.Taken()

  init(_ session: Session, _ contexts: Contexts, processes: [UInt32: ProcessFile]) {
    self.session = session
    self.context = session.context
    self.contexts = contexts
    self.processes = processes
  }

  deinit { for answer in answers { _ = OwnedDescriptor(owning: answer.descriptor) } }

  /// The memory that the source of `range` means; `prefix` is in front of the names of its parameters. What was taken
  /// stays taken when it throws: ``undo()`` gives it back.
  func find(_ range: IOASMap.Range, at prefix: String) throws(Failure) -> Found {
    let field = prefix + "source"
    let source = range.source
    let found =
      switch source.kind {
      case .fd: try received(source.descriptor, source.offset, field + ".fd")
      case .memory: try known(source.memory, source.offset, field + ".memory")
      case .new: try made(range.length, source.hugePages, field)
      case .process: try process(source.descriptor, source.address.rawValue, range.length, at: prefix)
      }
    found.memory.uses += 1
    memories.append(found.memory)
    switch source.kind {
    case .fd, .new: grants.append((found.memory, found.writable, range.share == .whole))
    case .memory, .process:
      guard range.share == nil else {
        let words =
          source.kind == .memory ? "only whoever brings memory can share it" : "only files can be shared"
        throw Failure(.einval, words, field: prefix + "share")
      }
    }
    return found
  }

  /// What was found is mapped.
  func commit() {
    for grant in grants { grant.memory.supplied(by: session.uid, write: grant.write, share: grant.share) }
    for (descriptor, memory) in answers {
      session.answer(with: OwnedDescriptor(owning: descriptor), of: memory)
    }
    answers = []
    for grant in grants { context.note(.memory(grant.memory)) }
  }

  /// Nothing was mapped: everything goes back to where it came from.
  func undo() {
    for (memory, origin, price) in added {
      if let kept = memory.drop(origin, price) { context.log?.release(kept.store) }
    }
    for memory in memories { context.release(memory) }
    added = []
    grants = []
    memories = []
    byDescriptor = [:]
  }

  // MARK: Files

  /// The memory behind a descriptor of the line, which several ranges may name.
  private func received(_ index: UInt32, _ offset: UInt64, _ field: String) throws(Failure) -> Found {
    if byDescriptor[index] == nil { byDescriptor[index] = try received(index, field) }
    guard var found = byDescriptor[index] else { preconditionFailure("just found") }
    found.offset = offset
    return found
  }

  private func received(_ index: UInt32, _ field: String) throws(Failure) -> Found {
    let descriptor = try session.takeDescriptor(index, field: field)
    let facts: MemfdFacts
    do throws(Errno) {
      facts = try MemfdFacts(of: descriptor)
    } catch {
      session.refuse(descriptor)
      throw Failure(
        error, "descriptor \(index) is no memfd or other shared memory that can be read", field: field)
    }
    let held = context.memory(of: facts.identity)
    guard let held, held.covers(facts) else { return try take(descriptor, facts, into: held, field) }
    // Known already: nothing is held twice. The last close of a large file takes its time.
    session.refuse(descriptor)
    return Found(memory: held, writable: facts.writable, offset: 0, size: facts.size)
  }

  private func take(
    _ descriptor: consuming OwnedDescriptor, _ facts: MemfdFacts, into held: HeldMemory?, _ field: String
  ) throws(Failure) -> Found {
    guard facts.writable || context.options.frames != .physical else {
      session.refuse(descriptor)
      let words =
        "pages have the machine's frames here, which takes pins, and memory to be read only gets none"
      throw Failure(.eopnotsupp, words, field: field)
    }
    // A file that is known is paid for but for what it has grown.
    let price = HeldMemory.Price(
      descriptors: Self.descriptors, bytes: facts.size - min(facts.size, held?.size ?? 0))
    try pay(price, field)
    do throws(Failure) {
      let frames = try contexts.frames(for: facts.size, in: context, known: held?.frames, field)
      let origin = MemfdOrigin(MemfdFile(received: descriptor, facts), frames: frames)
      let kept = try context.keep(origin.file, field)
      let memory = if let held { held } else { try newMemory(.fd, kept) }
      memory.take(origin, frames.range, price, kept)
      if held != nil { added.append((memory, origin, price)) }
      context.know(memory)
      return Found(memory: memory, writable: facts.writable, offset: 0, size: facts.size)
    } catch {
      price.give(to: context.account)
      throw error
    }
  }

  /// Memory that the context holds, with the rights of the descriptors that brought it.
  private func known(_ id: UInt32, _ offset: UInt64, _ field: String) throws(Failure) -> Found {
    let memory = try context.memory(id, field: field)
    return Found(memory: memory, writable: memory.isWritable, offset: offset, size: memory.size)
  }

  /// - Parameter kept: what the service manager keeps of it, and need not if it does not come to be.
  func newMemory(
    _ kind: Source.Kind, _ kept: SavedMemory.Descriptor? = nil
  ) throws(Failure) -> HeldMemory {
    let account = context.account
    do throws(Failure) {
      let memory = try context.insert(
        { HeldMemory(id: $0, kind: kind, account: account) }, as: { .memory($0) })
      taken.objects += 1
      return memory
    } catch {
      if let kept { context.log?.release(kept.store) }
      throw error
    }
  }

  /// A file is held by its own descriptor and by one to look for holes with.
  static let descriptors: UInt64 = 2

  func pay(_ price: HeldMemory.Price, _ field: String) throws(Failure) {
    do throws(QuotaExceeded) {
      try price.take(from: context.account)
      taken.descriptors += price.descriptors
      taken.heldBytes += price.bytes
    } catch {
      throw Failure(error, field: field)
    }
  }
}

extension Frames {
  /// The range of bus frames, if it is one.
  var range: FrameRange? { if case .bus(let range) = self { range } else { nil } }
}
