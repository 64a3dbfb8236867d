// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// What the service manager keeps for the daemon, so that the next one finds it: one table for all, since the
/// manager drops a second copy of an object silently, and both with the first name. Confined to the loop.
///
/// Objects are counted before they are sent: the manager says nothing about what it drops, a store of thousands
/// makes it slow, and one of 900 keeps a daemon from starting.
package final class DescriptorStore {
  /// Objects of one user at most.
  package static let userLimit = 64
  /// Objects at most, besides those that replace others.
  package static let usualLimit = 448
  /// Objects at most that replace others which are still there.
  package static let replacementLimit = 32

  /// What makes two descriptors one object.
  private struct Identity: Hashable {
    let kind: StoreName.Kind
    let device, inode: UInt64
    let access: Int32
  }

  private struct Object {
    let identity: Identity
    /// How many uses each user has of it.
    var users: [UInt32: Int] = [:]
    /// It takes the place of another until that is let go.
    var replaces: StoreName?
  }

  /// A point in all that the manager was told.
  package struct Ticket: Sendable {
    /// Of the barrier behind it.
    fileprivate let number: UInt64
    /// Of the message before it.
    fileprivate let message: UInt64
  }

  /// Whether there is a service manager that keeps descriptors.
  package var isThere: Bool { notifier != nil && limit > 0 }

  /// Objects at most, besides those that replace others.
  package let limit: Int

  /// Released each time a barrier has passed.
  package let passed = WaitList()

  private let notifier: Notifier?
  private let barriers: Barriers?
  private let journal: Journal
  private var objects: [StoreName: Object] = [:]
  private var names: [Identity: StoreName] = [:]
  private var counts: [UInt32: Int] = [:]
  private var replacements = 0
  private var last: StoreNumber = 0
  private var inheritance: [StoreName: StoredDescriptor] = [:]

  /// - Parameters:
  ///   - notifier: the way to the service manager; nil when there is none.
  ///   - capacity: descriptors that it keeps at most, when it says so.
  ///   - inherited: what it kept.
  package init(
    _ loop: EventLoop, _ notifier: Notifier?, capacity: Int?, inherited: [StoredDescriptor],
    journal: Journal
  ) throws(Errno) {
    self.notifier = notifier
    self.journal = journal
    limit = capacity.map { min(max(0, $0 - Self.replacementLimit), Self.usualLimit) } ?? Self.usualLimit
    barriers =
      if let notifier { try Barriers(loop, notifier) { [passed] in passed.release() } } else { nil }
    for stored in inherited { take(stored) }
  }

  private func take(_ stored: StoredDescriptor) {
    guard let identity = Self.identity(of: stored.descriptor.rawValue, stored.name.kind),
      objects[stored.name] == nil
    else {
      journal.log(.warning, .storeOdd, "the service manager kept two descriptors named \(stored.name.text)")
      return
    }
    objects[stored.name] = Object(identity: identity)
    if names[identity] == nil { names[identity] = stored.name }
    inheritance[stored.name] = stored
    last = max(last, stored.name.number)
  }

  // MARK: Holding

  /// Has the manager keep `descriptor`, which may be closed at once, for as long as `uid` uses it. One that it has
  /// already is only counted once more.
  ///
  /// - Parameter replaced: the number of an object of the same kind and user that will be let go for this one; until
  ///   then this one is not counted.
  /// - Returns: the number of the object, the same for the same object.
  package func hold(
    _ descriptor: Int32, _ kind: StoreName.Kind, for uid: UInt32, replacing replaced: StoreNumber? = nil
  ) throws(StoreFull) -> StoreNumber {
    guard let identity = Self.identity(of: descriptor, kind) else {
      preconditionFailure("a descriptor that is held has to be open")
    }
    let known = names[identity]
    if let known, let uses = objects[known]?.users[uid] {
      objects[known]?.users[uid] = uses + 1
      return known.number
    }
    let replaced = replaced.map { StoreName(kind, $0) }
    if let replaced, known == nil, objects[replaced] != nil {
      guard replacements < Self.replacementLimit else {
        throw StoreFull(scope: .all, use: count, limit: limit)
      }
    } else {
      if count(of: uid) >= Self.userLimit {
        throw StoreFull(scope: .user(uid), use: count(of: uid), limit: Self.userLimit)
      }
      if known == nil, count >= limit { throw StoreFull(scope: .all, use: count, limit: limit) }
    }
    if let known {
      use(known, by: uid)
      return known.number
    }
    let name = StoreName(kind, nextNumber(kind))
    try send(descriptor, as: name, uid)
    objects[name] = Object(identity: identity)
    names[identity] = name
    if let replaced, objects[replaced] != nil {
      objects[name]?.replaces = replaced
      replacements += 1
    }
    use(name, by: uid)
    return name.number
  }

  /// One more use of an object that was inherited, whatever the limits are.
  ///
  /// - Returns: false when it is not there.
  @discardableResult
  package func holdInherited(_ number: StoreNumber, _ kind: StoreName.Kind, for uid: UInt32) -> Bool {
    let name = StoreName(kind, number)
    guard objects[name] != nil else { return false }
    use(name, by: uid)
    return true
  }

  /// One use less. With its last one the manager lets the object go.
  package func letGo(_ number: StoreNumber, _ kind: StoreName.Kind, of uid: UInt32) {
    let name = StoreName(kind, number)
    guard let uses = objects[name]?.users[uid] else {
      preconditionFailure("nothing is let go that is not held")
    }
    if uses > 1 {
      objects[name]?.users[uid] = uses - 1
      return
    }
    objects[name]?.users.removeValue(forKey: uid)
    // One that takes another's place is not counted yet.
    if objects[name]?.replaces == nil { uncount(uid) }
    if objects[name]?.users.isEmpty == true { remove(name) }
  }

  private func use(_ name: StoreName, by uid: UInt32) {
    let uses = objects[name]?.users[uid] ?? 0
    objects[name]?.users[uid] = uses + 1
    if uses == 0, objects[name]?.replaces == nil { counts[uid, default: 0] += 1 }
  }

  private func uncount(_ uid: UInt32) {
    let left = (counts[uid] ?? 1) - 1
    counts[uid] = left > 0 ? left : nil
  }

  private func send(_ descriptor: Int32, as name: StoreName, _ uid: UInt32) throws(StoreFull) {
    guard let notifier else { return }
    do throws(Errno) {
      try notifier.send(
        "FDSTORE=1\nFDNAME=\(name.text)\nFDPOLL=0", with: descriptor, about: .object(name))
      barriers?.noteNews()
      FaultPoint.reached("sent")
    } catch {
      // There is no descriptor left to keep it until the manager takes more: as good as full.
      throw StoreFull(scope: .all, use: count, limit: limit)
    }
  }

  private func remove(_ name: StoreName) {
    guard let object = objects.removeValue(forKey: name) else { return }
    if object.replaces != nil { replacements -= 1 }
    if names[object.identity] == name { names.removeValue(forKey: object.identity) }
    inheritance.removeValue(forKey: name)
    succeed(name)
    guard let notifier, !notifier.takeBack(.object(name)) else { return }
    FaultPoint.reached("removing")
    notifier.send("FDSTOREREMOVE=1\nFDNAME=\(name.text)")
    barriers?.noteNews()
  }

  /// What takes the place of `name`, which is gone, is counted from now on.
  private func succeed(_ name: StoreName) {
    guard replacements > 0 else { return }
    for (heir, object) in objects where object.replaces == name {
      objects[heir]?.replaces = nil
      replacements -= 1
      for uid in object.users.keys { counts[uid, default: 0] += 1 }
    }
  }

  private func nextNumber(_ kind: StoreName.Kind) -> StoreNumber {
    repeat { last &+= 1 } while objects[StoreName(kind, last)] != nil
    return last
  }

  // MARK: What was inherited

  /// All inherited objects of a kind that are still there, by number, with descriptors that stay the store's.
  package func inherited(_ kind: StoreName.Kind) -> [(number: StoreNumber, descriptor: Int32)] {
    inheritance.values.filter { $0.name.kind == kind }
      .map { ($0.name.number, $0.descriptor.rawValue) }.sorted { $0.number < $1.number }
  }

  /// A descriptor of the caller's own of what was inherited.
  ///
  /// - Throws: ENOENT when it is not there, EMFILE.
  package func open(_ number: StoreNumber, _ kind: StoreName.Kind) throws(Errno) -> OwnedDescriptor {
    guard let stored = inheritance[StoreName(kind, number)] else { throw Errno(ENOENT) }
    return try stored.descriptor.duplicate()
  }

  /// Recovery is over: closes the store's own descriptors of what was inherited, and has the manager let go what
  /// nobody uses. Not to be called while there is a log that cannot be read: what it speaks of is not known.
  ///
  /// - Returns: how many objects were let go.
  @discardableResult
  package func sweep() -> Int {
    let unused = inheritance.keys.filter { objects[$0]?.users.isEmpty == true }
    for name in unused { remove(name) }
    inheritance = [:]
    return unused.count
  }

  // MARK: Barriers

  /// A ticket for all that was said up to now.
  package func barrier() -> Ticket {
    let message = notifier?.lastNumber ?? 0
    return Ticket(number: barriers?.request() ?? 0, message: message)
  }

  /// Whether all of it is on its way, so that the manager gets it even if the daemon is killed now. It is so at once
  /// but when the manager is slow.
  package func hasSent(_ ticket: Ticket) -> Bool { notifier?.hasSent(ticket.message) ?? true }

  /// Released when everything is on its way.
  package var sent: WaitList { notifier?.allSent ?? passed }

  /// Whether all of it has reached the manager.
  package func hasPassed(_ ticket: Ticket) -> Bool { (barriers?.lastPassed ?? 0) >= ticket.number }

  /// How many descriptors the service manager that started this process says it keeps; nil when it says nothing,
  /// as before systemd 254.
  package static var ownCapacity: Int? {
    guard let value = unsafe getenv("FDSTORE") else { return nil }
    return unsafe Int(String(cString: value))
  }

  // MARK: Counts

  /// Objects that are kept, besides those that replace others.
  package var count: Int { objects.count - replacements }
  /// Objects that `uid` uses, besides those that replace others.
  package func count(of uid: UInt32) -> Int { counts[uid] ?? 0 }

  private static func identity(of descriptor: Int32, _ kind: StoreName.Kind) -> Identity? {
    var facts = stat()
    let flags = fcntl(descriptor, F_GETFL)
    guard flags >= 0, unsafe fstat(descriptor, &facts) == 0 else { return nil }
    return Identity(
      kind: kind, device: UInt64(facts.st_dev), inode: UInt64(facts.st_ino), access: flags & O_ACCMODE)
  }
}
