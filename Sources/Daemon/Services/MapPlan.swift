// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// One ioas.map while it is prepared and made: what it has taken so far, so that all of it can be given back.
/// Confined to the loop.
final class MapPlan {
  private let session: Session
  private let context: Context
  private let contexts: Contexts
  private let finder: SourceFinder
  /// Of the IOAS that it is for.
  private let isAdvisory: Bool

  private(set) var requests: [AddressSpace.MapRequest] = []
  private(set) var slices: [Slice] = []
  private var kinds: [Source.Kind] = []
  /// Who pays for tables and areas.
  var account: Account { context.account }
  /// The memory behind each range.
  var memories: [HeldMemory] { finder.memories }

  /// What quotas are used more by what was prepared.
  struct Taken {
    var descriptors: UInt64 = 0
    var heldBytes: UInt64 = 0
    var objects: UInt64 = 0
    /// For memory that pays for its pins when it is made.
    var pinnedBytes: UInt64 = 0
  }

  var taken: Taken {
    var taken = finder.taken
    taken.pinnedBytes = zip(kinds, memories).reduce(0) { $1.0 == .new ? $0 + $1.1.size : $0 }
    return taken
  }

  init(
    _ session: Session, _ space: HeldSpace, _ contexts: Contexts, processes: [UInt32: ProcessFile]
  ) {
    isAdvisory = space.isAdvisory
    self.session = session
    self.context = session.context
    self.contexts = contexts
    finder = SourceFinder(session, contexts, processes: processes)
  }

  // MARK: Preparing

  /// Takes in one range; `at` is in front of the names of its parameters. What was taken stays taken when it
  /// throws: ``undo()`` gives it back.
  func add(_ range: IOASMap.Range, at prefix: String) throws(Failure) {
    let names = Origins(range: prefix)
    if range.length == 0 { throw Failure(Refusal.emptyRange, names) }
    if range.length >= 1 << 63 { throw Failure(Refusal.overflow(start: 0, length: range.length), names) }
    if !range.read && range.write == false { throw Failure(Refusal.noRights, names) }
    let found = try finder.find(range, at: prefix)
    if found.size < found.memory.size {
      guard found.offset <= found.size, range.length <= found.size - found.offset else {
        throw Failure(
          Refusal.pastEnd(offset: found.offset, length: range.length, size: found.size), names)
      }
    }
    let write = range.write ?? found.writable
    let (end, overflows) = found.offset.addingReportingOverflow(range.length)
    guard !write || found.writable,
      let pinning = found.memory.origin(write: write, upTo: overflows ? .max : end)
    else { throw Failure(Refusal.readOnly, names) }
    let origin = isAdvisory ? try advisory(pinning, prefix) : pinning
    // What was paid for when it was made, and what pins do not hold, costs nothing to pin. A second pages object over
    // new memory pins it once more.
    let isFree = range.source.kind == .new || origin.residency == .advisory
    let slice = Slice(
      memory: found.memory.id, account: context.account,
      payer: isFree ? nil : contexts.payer(for: session), retired: context.retired)
    slices.append(slice)
    kinds.append(range.source.kind)
    var protection: Protection = []
    if range.read { protection.insert(.read) }
    if write { protection.insert(.write) }
    requests.append(
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: found.offset, writable: write, account: slice),
        iova: range.iova, length: range.length, protection: protection))
  }

  /// The same memory without pins.
  private func advisory(
    _ origin: any MemoryOrigin, _ prefix: String
  ) throws(Failure) -> any MemoryOrigin {
    guard let file = origin as? MemfdOrigin else { return origin }
    if let advisory = AdvisoryOrigin(file) { return advisory }
    let words = "pages have the machine's frames here, which takes pins, and the IOAS is advisory"
    throw Failure(.eopnotsupp, words, field: prefix + "source")
  }

  // MARK: Ending

  /// The range at `position` is mapped at `iova`.
  func adopt(_ position: Int, at iova: IOVA, in space: HeldSpace) {
    context.adopt(slices[position], in: space.id, at: iova)
  }

  /// All ranges are mapped and adopted.
  func commit() {
    finder.commit()
    contexts.census.totals.maps += UInt64(requests.count)
    contexts.census.totals.mappedBytes += requests.reduce(0) { $0 &+ $1.length }
  }

  /// Nothing was mapped: everything goes back to where it came from.
  func undo() {
    requests = []
    slices = []
    finder.undo()
  }

  /// The range that a refusal is about, as far as its values tell.
  func position(of refusal: Refusal, in ranges: [IOASMap.Range]) -> Int? {
    ranges.firstIndex { range in
      switch refusal {
      case .occupied(let other), .unusable(let other):
        range.iova.flatMap { IOVARange(first: $0, length: range.length) }?.overlaps(other) ?? false
      case .misaligned(.iova, let value, _): range.iova?.rawValue == value
      case .misaligned(.length, let value, _), .noRoom(let value): range.length == value
      case .misaligned(.offset, let value, _):
        range.source.start & Page.offsetMask == value & Page.offsetMask
      case .pastEnd(let offset, let length, _): range.source.offset == offset && range.length == length
      case .overflow(let start, let length):
        (range.source.offset == start || range.iova?.rawValue == start) && range.length == length
      default: false
      }
    }
  }
}

extension Source {
  /// Where it begins, in whatever it is taken from.
  fileprivate var start: UInt64 { kind == .process ? address.rawValue : offset }
}
