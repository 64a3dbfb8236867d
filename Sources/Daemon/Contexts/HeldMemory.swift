// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Memory of a context: one file, however often and with whatever rights its descriptor came, or a stretch of a
/// process. Confined to the loop, but for the origins, which go where their pages go.
package final class HeldMemory: Busy {
  package let id: ObjectID
  /// How it came.
  package let kind: Source.Kind
  package var inFlight = 0
  /// Pages objects over it, and maps under way that will make some.
  package var uses = 0

  /// The rights belong to the descriptors that came: what only a read-only one leads to is never written.
  private var readable: (any MemoryOrigin)?
  private var writable: (any MemoryOrigin)?
  /// Those and earlier ones, which pages still stand on: a file that has grown gets an origin of its new size.
  private var origins: [any MemoryOrigin] = []
  /// What the service manager keeps of it, where the context survives the daemon; in the order of `origins`.
  private(set) var kept: [SavedMemory.Descriptor] = []
  /// By which all of them number their pages; nil where that is by the machine's frames.
  package private(set) var frames: FrameRange?

  /// Who brought the file, and whether with the right to write.
  private var suppliers: [UInt32: Bool] = [:]
  /// Nil unless it was mapped with `share: "whole"`; then whether by somebody who may write.
  private var shared: Bool?

  private let account: Account
  private var paid = Price()
  /// Who paid for pins of memory that was made here, and how many bytes.
  private var prepaid: (payer: Account, bytes: UInt64)?

  /// What memory costs its owner.
  struct Price {
    var descriptors: UInt64 = 0
    var bytes: UInt64 = 0

    func take(from account: Account) throws(QuotaExceeded) {
      try account.take(descriptors, of: .descriptors)
      do throws(QuotaExceeded) {
        try account.take(bytes, of: .heldBytes)
      } catch {
        account.give(descriptors, of: .descriptors)
        throw error
      }
    }

    /// Has `account` pay whatever its limits are.
    func book(to account: Account) {
      account.book(descriptors, insteadOf: 0, of: .descriptors)
      account.book(bytes, insteadOf: 0, of: .heldBytes)
    }

    func give(to account: Account) {
      account.give(descriptors, of: .descriptors)
      account.give(bytes, of: .heldBytes)
    }
  }

  package init(id: ObjectID, kind: Source.Kind, account: Account) {
    self.id = id
    self.kind = kind
    self.account = account
  }

  deinit {
    paid.give(to: account)
    if let prepaid { prepaid.payer.give(prepaid.bytes, of: .pinnedBytes) }
  }

  package var size: UInt64 { origins.reduce(0) { max($0, $1.size) } }
  package var isWritable: Bool { writable != nil }
  package var identity: FileIdentity? { (origins.first as? MemfdOrigin)?.identity }
  /// Whether pins of it were paid for when it was made.
  package var isPrepaid: Bool { prepaid != nil }

  /// The origin with most rights.
  package var origin: (any MemoryOrigin)? { writable ?? readable }

  /// Pages of it that are pinned.
  package var pinnedPages: UInt64 { origins.reduce(0) { $0 + $1.pinnedPages } }
  /// Pages that the kernel holds for them.
  package var registeredPages: UInt64 { origins.reduce(0) { $0 + $1.registeredPages } }

  /// The origin for bytes before `end`, or the largest that there is. Without `write` it may have more rights than
  /// are asked for: its pins are better.
  func origin(write: Bool, upTo end: UInt64) -> (any MemoryOrigin)? {
    guard !write, let readable, (writable?.size ?? 0) < end, readable.size > writable?.size ?? 0 else {
      return writable ?? (write ? nil : readable)
    }
    return readable
  }

  /// Takes in an origin. Its price is paid already and given back with the memory.
  func take(
    _ origin: any MemoryOrigin, _ frames: FrameRange?, _ price: Price,
    _ keeping: SavedMemory.Descriptor? = nil
  ) {
    if origin.writable { writable = origin } else { readable = origin }
    origins.append(origin)
    if var keeping {
      keeping.frameBase = frames?.base
      keeping.frameBytes = frames?.capacity ?? 0
      kept.append(keeping)
    }
    self.frames = frames
    paid.descriptors += price.descriptors
    paid.bytes += price.bytes
  }

  /// `payer` has paid for all pins of it.
  func prepay(_ bytes: UInt64, by payer: Account) { prepaid = (payer, bytes) }

  /// Gives its origins away, for somebody else to let go of: to unmap much takes its time.
  func bury(in grave: Grave) {
    readable = nil
    writable = nil
    grave.origins += origins
    origins = []
  }

  /// Takes an origin out again that nothing was mapped with.
  ///
  /// - Returns: what the service manager need not keep any more.
  func drop(_ origin: any MemoryOrigin, _ price: Price) -> SavedMemory.Descriptor? {
    guard let position = origins.firstIndex(where: { $0 === origin }) else { return nil }
    origins.remove(at: position)
    if writable === origin { writable = origins.last { $0.writable } }
    if readable === origin { readable = origins.last { !$0.writable } }
    paid.descriptors -= price.descriptors
    paid.bytes -= price.bytes
    price.give(to: account)
    return kept.isEmpty ? nil : kept.remove(at: position)
  }

  /// Whether an origin is there already that does for a descriptor of these `facts`.
  func covers(_ facts: MemfdFacts) -> Bool {
    (facts.writable ? writable?.size ?? 0 : size) >= facts.size && (!facts.writable || isWritable)
  }

  /// Somebody brought the file, or had it made.
  func supplied(by uid: UInt32, write: Bool, share: Bool) {
    suppliers[uid] = write || suppliers[uid] ?? false
    if share { shared = write || shared ?? false }
  }

  /// The origin whose descriptor `uid` may have, or nil: a descriptor always exposes the whole file, so it goes to
  /// those who brought the file, and to all where one of these said so. A read-only one is given only where it
  /// holds, or to who had the same right before.
  package func opened(by uid: UInt32, write: Bool) -> MemfdOrigin? {
    guard let right = rights(of: uid) else { return nil }
    let (readable, writable) = (readable as? MemfdOrigin, writable as? MemfdOrigin)
    if write { return right ? writable : nil }
    if right { return writable ?? readable }
    if suppliers[uid] != nil, let readable { return readable }
    return origins.lazy.reversed().compactMap { $0 as? MemfdOrigin }.first {
      $0.file.isOwn || !$0.file.facts.seals.isDisjoint(with: [.write, .futureWrite])
    }
  }

  /// What it was before a restart, but for its origins.
  func restore(_ saved: SavedMemory, prepaidBy payer: Account?) {
    for supplier in saved.suppliers { suppliers[supplier.uid] = supplier.write }
    shared = saved.shared
    if let payer {
      payer.book(saved.prepaidBytes, insteadOf: 0, of: .pinnedBytes)
      prepaid = (payer, saved.prepaidBytes)
    }
  }

  /// As its context's log says it.
  var saved: SavedMemory {
    var saved = SavedMemory(id: id, kind: kind)
    saved.descriptors = kept
    saved.suppliers = suppliers.map { SavedMemory.Supplier(uid: $0.key, write: $0.value) }
    saved.shared = shared
    saved.prepaid = prepaid?.payer.saved
    saved.prepaidBytes = prepaid?.bytes ?? 0
    return saved
  }

  /// Whether `uid` may have any descriptor.
  package func isMappable(by uid: UInt32) -> Bool { opened(by: uid, write: false) != nil }

  private func rights(of uid: UInt32) -> Bool? {
    guard let own = suppliers[uid] else { return shared }
    return own || shared ?? false
  }
}

/// Origins, and whatever else, that a worker is to let go of. Whoever filled it holds none of them any more when it is handed over, so
/// that the last to let go is the worker.
package final class Grave: @unchecked Sendable {
  fileprivate(set) var origins: [any MemoryOrigin] = []

  private var others: [Any] = []

  var isEmpty: Bool { origins.isEmpty && others.isEmpty }

  func bury(_ other: Any) { others.append(other) }

  func close() {
    origins = []
    others = []
  }
}
