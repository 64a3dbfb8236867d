// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import IommuWire

/// Memory of a context: one file, however often and with whatever rights its descriptor came. Confined to the
/// loop, but for the origins, which go where their pages go.
package final class HeldMemory: Busy {
  package let id: ObjectID
  /// How it came.
  package let kind: Source.Kind
  package var inFlight = 0
  /// Pages objects over it, and maps under way that will make some.
  package var uses = 0

  /// The rights belong to the descriptors that came: what only a read-only one leads to is never written.
  package private(set) var readable: MemfdOrigin?
  package private(set) var writable: MemfdOrigin?
  /// Those and earlier ones, which pages still stand on: a file that has grown gets an origin of its new size.
  private var origins: [MemfdOrigin] = []

  /// Who brought the file, and whether with the right to write.
  private var suppliers: [UInt32: Bool] = [:]
  /// Nil unless it was mapped with `share: "whole"`; then whether by somebody who may write.
  private var shared: Bool?

  private let account: Account
  private var descriptors: UInt64 = 0
  private var bytes: UInt64 = 0
  private var prepaid: UInt64 = 0

  package init(id: ObjectID, kind: Source.Kind, account: Account) {
    self.id = id
    self.kind = kind
    self.account = account
  }

  deinit {
    account.give(descriptors, of: .descriptors)
    account.give(bytes, of: .heldBytes)
    account.give(prepaid, of: .pinnedBytes)
  }

  /// The origin with most rights.
  package var origin: MemfdOrigin? { writable ?? readable }

  package var size: UInt64 { origin?.size ?? 0 }
  package var identity: FileIdentity? { origin?.identity }

  /// Pages of it that are pinned.
  package var pinnedPages: UInt64 { origins.reduce(0) { $0 + $1.pinnedPages } }
  /// Pages that the kernel holds for them.
  package var registeredPages: UInt64 { origins.reduce(0) { $0 + $1.registeredPages } }

  /// Takes in an origin over the file. What it costs is paid for already and given back with the memory.
  func take(_ origin: MemfdOrigin, descriptors: UInt64, prepaid: UInt64) {
    if origin.writable { writable = origin } else { readable = origin }
    origins.append(origin)
    self.descriptors += descriptors
    bytes += origin.size
    self.prepaid += prepaid
  }

  /// Gives its origins away, for somebody else to let go of: to unmap much takes its time.
  func bury(in grave: Grave) {
    readable = nil
    writable = nil
    grave.origins += origins
    origins = []
  }

  /// Takes an origin out again that nothing was mapped with.
  func drop(_ origin: MemfdOrigin, descriptors: UInt64) {
    origins.removeAll { $0 === origin }
    if writable === origin { writable = origins.last { $0.writable } }
    if readable === origin { readable = origins.last { !$0.writable } }
    self.descriptors -= descriptors
    bytes -= origin.size
    account.give(descriptors, of: .descriptors)
    account.give(origin.size, of: .heldBytes)
  }

  /// Whether an origin is there already that does for a descriptor of these `facts`.
  func covers(_ facts: MemfdFacts) -> Bool {
    guard let origin = facts.writable ? writable : origin else { return false }
    return origin.size >= facts.size
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
    if write { return right ? writable : nil }
    if right { return writable ?? readable }
    if suppliers[uid] != nil, let readable { return readable }
    return origins.last { $0.file.isOwn || !$0.file.facts.seals.isDisjoint(with: [.write, .futureWrite]) }
  }

  /// Whether `uid` may have any descriptor.
  package func isMappable(by uid: UInt32) -> Bool { opened(by: uid, write: false) != nil }

  private func rights(of uid: UInt32) -> Bool? {
    guard let own = suppliers[uid] else { return shared }
    return own || shared ?? false
  }
}

/// Origins that a worker is to let go of. Whoever filled it holds none of them any more when it is handed over, so
/// that the last to let go is the worker.
package final class Grave: @unchecked Sendable {
  fileprivate(set) var origins: [MemfdOrigin] = []

  func close() { origins = [] }
}
