// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// One ioas.map while it is prepared and made: what it has taken so far, so that all of it can be given back.
/// Confined to the loop.
final class MapPlan {
  /// What a descriptor, or an id, turned out to be.
  private struct Found {
    var memory: HeldMemory
    var origin: MemfdOrigin
    /// Whether the descriptor gives the right to write, which the origin may have from another.
    var writable: Bool
    /// Bytes of the file, which may have become shorter since the origin was made.
    var size: UInt64
  }

  private let session: Session
  private let context: Context
  private let contexts: Contexts

  private(set) var requests: [AddressSpace.MapRequest] = []
  private(set) var slices: [Slice] = []
  private(set) var memories: [HeldMemory] = []
  /// Descriptors of new memory for the answer.
  private var answers: [Int32] = []
  /// Origins that were added to memory that was there before.
  private var added: [(memory: HeldMemory, origin: MemfdOrigin)] = []
  /// Rights that come with the mapping.
  private var grants: [(memory: HeldMemory, write: Bool, share: Bool)] = []
  private var byDescriptor: [UInt32: Found] = [:]

  init(_ session: Session, _ contexts: Contexts) {
    self.session = session
    self.context = session.context
    self.contexts = contexts
  }

  deinit { for descriptor in answers { _ = OwnedDescriptor(owning: descriptor) } }

  // MARK: Preparing

  /// Takes in one range; `at` is in front of the names of its parameters. What was taken stays taken when it
  /// throws: ``undo()`` gives it back.
  func add(_ range: IOASMap.Range, at prefix: String) throws(Failure) {
    let names = Origins(range: prefix)
    if range.length == 0 { throw Failure(Refusal.emptyRange, names) }
    if range.length >= 1 << 63 { throw Failure(Refusal.overflow(start: 0, length: range.length), names) }
    if !range.read && range.write == false { throw Failure(Refusal.noRights, names) }
    let field = prefix + "source"
    if range.source.kind == .new, range.source.hugePages != .none {
      let words = "memory of huge pages (\(range.source.hugePages.rawValue)) is not offered yet"
      throw Failure(.eopnotsupp, words, field: field + ".hugepages")
    }
    let isNew = range.source.kind == .new
    let found: Found =
      switch range.source.kind {
      case .fd: try received(range.source.descriptor, field + ".fd")
      case .memory: try known(range.source.memory, field + ".memory")
      case .new: try made(range.length, field)
      }
    found.memory.uses += 1
    memories.append(found.memory)
    if range.source.kind != .memory {
      grants.append((found.memory, found.writable, range.share == .whole))
    } else if range.share != nil {
      throw Failure(.einval, "only whoever brings memory can share it", field: prefix + "share")
    }
    if found.size < found.origin.size {
      let (offset, size) = (range.source.offset, found.size)
      guard offset <= size, range.length <= size - offset else {
        throw Failure(Refusal.pastEnd(offset: offset, length: range.length, size: size), names)
      }
    }
    let write = range.write ?? found.writable
    if write, !found.writable { throw Failure(Refusal.readOnly, names) }
    let slice = Slice(
      memory: found.memory.id, account: context.account, isPrepaid: isNew, retired: context.retired)
    slices.append(slice)
    var protection: Protection = []
    if range.read { protection.insert(.read) }
    if write { protection.insert(.write) }
    requests.append(
      AddressSpace.MapRequest(
        memory: .origin(
          found.origin, offset: isNew ? 0 : range.source.offset, writable: write, account: slice),
        iova: range.iova, length: range.length, protection: protection))
  }

  /// The memory behind a descriptor of the line, which several ranges may name.
  private func received(_ index: UInt32, _ field: String) throws(Failure) -> Found {
    if let found = byDescriptor[index] { return found }
    let descriptor = try session.takeDescriptor(index, field: field)
    let facts: MemfdFacts
    do {
      facts = try MemfdFacts(of: descriptor)
    } catch {
      session.refuse(descriptor)
      throw Failure(
        error, "descriptor \(index) is no memfd or other shared memory that can be read", field: field)
    }
    let found = try received(descriptor, facts, field)
    byDescriptor[index] = found
    return found
  }

  private func received(
    _ descriptor: consuming OwnedDescriptor, _ facts: MemfdFacts, _ field: String
  ) throws(Failure) -> Found {
    let held = context.memory(of: facts.identity)
    if let held, held.covers(facts), let origin = held.origin {
      // Known already: nothing is held twice. The last close of a large file takes its time.
      session.refuse(descriptor)
      return Found(memory: held, origin: origin, writable: facts.writable, size: facts.size)
    }
    try pay(for: facts.size, prepaid: false, field)
    do {
      let origin = try MemfdOrigin(MemfdFile(received: descriptor, facts), frames: contexts.frames)
      let memory = try held ?? newMemory(.fd)
      memory.take(origin, descriptors: Self.descriptors, prepaid: 0)
      if held != nil { added.append((memory, origin)) }
      context.know(memory)
      return Found(memory: memory, origin: origin, writable: facts.writable, size: facts.size)
    } catch {
      repay(for: facts.size, prepaid: false)
      throw (error as? Failure)
        ?? Failure(.enospc, "there are no bus frames for \(facts.size) bytes", field: field)
    }
  }

  /// Memory that the context holds, with the rights of the descriptors that brought it.
  private func known(_ id: UInt32, _ field: String) throws(Failure) -> Found {
    let memory = try context.memory(id, field: field)
    guard let origin = memory.origin else {
      throw Failure(.enoent, "memory \(id) is empty", field: field)
    }
    return Found(memory: memory, origin: origin, writable: origin.writable, size: origin.size)
  }

  /// Fresh memory of whole pages, whose descriptor goes with the answer.
  private func made(_ length: UInt64, _ field: String) throws(Failure) -> Found {
    guard answers.count < WireLimit.descriptors else {
      let limit = "one line answers at most \(WireLimit.descriptors) descriptors"
      throw Failure(.einval, limit, field: field)
    }
    let size = (length + Page.offsetMask) & ~Page.offsetMask
    try pay(for: size, prepaid: true, field)
    do {
      let file = try MemfdFile(new: size)
      let descriptor = try file.open(write: true)
      let origin = try MemfdOrigin(file, frames: contexts.frames)
      let memory = try newMemory(.new)
      memory.take(origin, descriptors: Self.descriptors, prepaid: size)
      context.know(memory)
      answers.append(descriptor.release())
      return Found(memory: memory, origin: origin, writable: true, size: size)
    } catch {
      repay(for: size, prepaid: true)
      if let failure = error as? Failure { throw failure }
      let errno = error as? Errno ?? .enomem
      throw Failure(errno, "\(size) bytes of new memory cannot be made: \(errno)", field: field)
    }
  }

  private func newMemory(_ kind: Source.Kind) throws(Failure) -> HeldMemory {
    let account = context.account
    return try context.insert({ HeldMemory(id: $0, kind: kind, account: account) }, as: { .memory($0) })
  }

  /// A file is held by its own descriptor and by one to look for holes with.
  private static let descriptors: UInt64 = 2

  private func pay(for size: UInt64, prepaid: Bool, _ field: String) throws(Failure) {
    try context.take(Self.descriptors, of: .descriptors, field: field)
    do {
      try context.take(size, of: .heldBytes, field: field)
    } catch {
      context.account.give(Self.descriptors, of: .descriptors)
      throw error
    }
    guard prepaid else { return }
    do {
      try context.take(size, of: .pinnedBytes, field: field)
    } catch {
      context.account.give(Self.descriptors, of: .descriptors)
      context.account.give(size, of: .heldBytes)
      throw error
    }
  }

  private func repay(for size: UInt64, prepaid: Bool) {
    context.account.give(Self.descriptors, of: .descriptors)
    context.account.give(size, of: .heldBytes)
    if prepaid { context.account.give(size, of: .pinnedBytes) }
  }

  // MARK: Ending

  /// The ranges are mapped at `iovas`.
  func commit(at iovas: [IOVA], in space: HeldSpace) {
    for (slice, iova) in zip(slices, iovas) { context.adopt(slice, in: space.id, at: iova) }
    for grant in grants { grant.memory.supplied(by: session.uid, write: grant.write, share: grant.share) }
    for descriptor in answers { session.answer(with: OwnedDescriptor(owning: descriptor)) }
    answers = []
    contexts.census.totals.maps += UInt64(requests.count)
    contexts.census.totals.mappedBytes += requests.reduce(0) { $0 &+ $1.length }
  }

  /// Nothing was mapped: everything goes back to where it came from.
  func undo() {
    requests = []
    slices = []
    for (memory, origin) in added { memory.drop(origin, descriptors: Self.descriptors) }
    for memory in memories { context.release(memory) }
    added = []
    grants = []
    memories = []
    byDescriptor = [:]
  }

  /// In front of the names of the parameters that a refusal is about.
  func prefix(of refusal: Refusal, in ranges: [IOASMap.Range]) -> String {
    let position = ranges.firstIndex { range in
      switch refusal {
      case .occupied(let other), .unusable(let other):
        range.iova.flatMap { IOVARange(first: $0, length: range.length) }?.overlaps(other) ?? false
      case .misaligned(.iova, let value, _): range.iova?.rawValue == value
      case .misaligned(.length, let value, _), .noRoom(let value): range.length == value
      case .misaligned(.offset, let value, _):
        range.source.offset & Page.offsetMask == value & Page.offsetMask
      case .pastEnd(let offset, let length, _): range.source.offset == offset && range.length == length
      case .overflow(let start, let length):
        (range.source.offset == start || range.iova?.rawValue == start) && range.length == length
      default: false
      }
    }
    return position.map { "ranges[\($0)]." } ?? ""
  }
}
