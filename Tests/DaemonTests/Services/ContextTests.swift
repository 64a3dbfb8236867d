// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Contexts")
struct ContextTests {
  @Test("Connections share a named context, which vanishes when it is empty and nobody works in it")
  func sharing() throws {
    let house = House()
    let first = try house.connect()
    let second = try house.connect()
    #expect(try first.open("vm").created)
    #expect(try !second.open("vm").created)
    let ioas = try first.ioas()
    #expect(try second.objects.map(\.id) == [ioas])
    first.close()
    second.close()
    try house.runBacklog()
    let third = try house.connect()
    let found = try third.open("vm", create: false)
    #expect(found.objects == 1)
    _ = try third.call(third.services.object.destroy, ObjectDestroy(id: ioas))
    third.close()
    try house.runBacklog()
    let fourth = try house.connect()
    expect(.enoent, "name") { _ = try fourth.open("vm", create: false) }
    #expect(try house.state.contexts == 1)
  }

  @Test("An id means nothing in another context, and neither does a name of another user")
  func separation() throws {
    let house = House()
    let mine = try house.connect(uid: 1000)
    let other = try house.connect(uid: 1001)
    let ioas = try mine.ioas()
    expect(.enoent, "ioas") {
      _ = try other.call(other.services.ioas.ranges, IOASIOVARanges(ioas: ioas))
    }
    let named = try house.connect(uid: 1000)
    _ = try named.open("vm")
    expect(.enoent, "name") { _ = try other.open("vm", create: false) }
    expect(.enoent, "owner") { _ = try other.open("vm", create: false, owner: 1000) }
    expect(.enoent, "owner") { _ = try other.open("nothing", create: false, owner: 1000) }
    #expect(try other.open("vm").created)
    let admin = try house.connect(uid: 0, role: .admin)
    #expect(try admin.open("vm", create: false, owner: 1000).owner == 1000)
    let all = try admin.call(admin.services.context.list, ContextList(after: nil)).items
    #expect(all.map(\.owner) == [1000, 1001])
    #expect(all.map(\.connections) == [2, 1])
    #expect(try other.call(other.services.context.list, ContextList(after: nil)).items.map(\.owner) == [1001])
    let part = try admin.call(admin.services.context.list, ContextList(limit: 1, after: nil))
    let rest = try admin.call(admin.services.context.list, ContextList(after: part.next))
    #expect(part.items.count == 1)
    #expect(rest.items.map(\.owner) == [1001])
  }

  @Test("A connection whose own context holds objects stays there")
  func busyAnonymous() throws {
    let house = House()
    let caller = try house.connect()
    let ioas = try caller.ioas()
    expect(.ebusy, "name") { _ = try caller.open("vm") }
    #expect(try caller.objects.map(\.id) == [ioas])
    _ = try caller.call(caller.services.object.destroy, ObjectDestroy(id: ioas))
    #expect(try caller.open("vm").created)
  }

  @Test("A connection that goes drops its pins, and only these")
  func pinsAtDisconnect() throws {
    let house = House()
    let first = try house.connect()
    let second = try house.connect()
    _ = try first.open("vm")
    _ = try second.open("vm")
    let ioas = try first.ioas()
    try first.map(ioas, .init(length: 4 * 4096, source: .new, iova: IOVA(0x10000)))
    let access = try first.access(ioas)
    let kept = try second.pin(access, 0x10000, 4096)
    let dropped = try first.pin(access, 0x11000, 8192)
    #expect(kept.pin != dropped.pin)
    #expect(try house.state.pins == 2)
    #expect(try house.state.pinnedPages == 3)
    // A pin would be lost on the way to another context.
    expect(.ebusy, "name") { _ = try first.open("other") }
    first.close()
    try house.runBacklog()
    #expect(try house.state.pins == 1)
    #expect(try house.state.pinnedPages == 1)
    do {
      try second.unmap(ioas, 0x10000, 4 * 4096)
      Issue.record("it was unmapped under a pin")
    } catch let failure as Failure {
      #expect(failure.errno == .ebusy)
      #expect(failure.pins == [kept.pin])
    }
    _ = try second.call(second.services.access.unpin, AccessUnpin(access: access, pin: kept.pin))
    #expect(try second.unmap(ioas, 0x10000, 4 * 4096) == 4 * 4096)
    #expect(try house.state.pinnedPages == 0)
  }

  @Test("A destroyed context takes everything with it, under whoever works in it")
  func destroy() throws {
    let house = House()
    let first = try house.connect()
    let second = try house.connect()
    _ = try first.open("vm")
    _ = try second.open("vm")
    let ioas = try first.ioas()
    try first.attach(try first.device(), to: ioas)
    try first.map(ioas, .init(length: 4096, source: .new, iova: IOVA(0x10000)))
    let access = try first.access(ioas)
    _ = try second.pin(access, 0x10000, 4096)
    let result = try first.call(first.services.context.destroy, ContextDestroy("vm"))
    #expect(result.objects == 6)
    let state = try house.state
    #expect(state.objects == ServerStats.Objects())
    #expect(state.pins == 0)
    #expect(state.pinnedPages == 0)
    #expect(state.chargedPages == 0)
    #expect(state.descriptors == 0)
    #expect(state.engineBytes == 0)
    // The one that did it works on in a context of its own; the other has to find itself one.
    #expect(try first.objects.isEmpty)
    #expect(try first.ioas() == 1)
    expect(.enoent, nil) { _ = try second.ioas() }
    #expect(try second.open("vm").created)
    #expect(try second.ioas() == 1)
  }

  @Test("Names are checked, and what is not offered yet is said to be so")
  func names() throws {
    let house = House { $0[each: .contexts] = 1 }
    let caller = try house.connect()
    expect(.einval, "name") { _ = try caller.open("") }
    expect(.einval, "name") { _ = try caller.open(String(repeating: "x", count: 65)) }
    expect(.einval, "name") { _ = try caller.open("a\nb") }
    expect(.enoent, "name") { _ = try caller.open("none", create: false) }
    var persistent = ContextOpen("vm")
    persistent.persist = true
    expect(.eopnotsupp, "persist") { _ = try caller.call(caller.services.context.open, persistent) }
    expect(.enoent, "name") { _ = try caller.call(caller.services.context.destroy, ContextDestroy("none")) }
    expect(.einval, "after") {
      _ = try caller.call(caller.services.context.list, ContextList(after: "nonsense"))
    }
    let dynamic = try house.connect(uid: 61_184)
    expect(.eperm, "name") { _ = try dynamic.open("vm") }
    #expect(try caller.open("one").created)
    #expect(try !caller.open("one").created)
    let second = try house.connect()
    expect(.edquot, "name") { _ = try second.open("two") }
  }

  @Test("Connections are limited for each user")
  func connections() throws {
    let house = House { $0[each: .connections] = 2 }
    let first = try house.connect(uid: 5)
    _ = try house.connect(uid: 5)
    expect(.edquot, nil) { _ = try house.connect(uid: 5) }
    _ = try house.connect(uid: 6)
    first.close()
    _ = try house.connect(uid: 5)
  }
}
