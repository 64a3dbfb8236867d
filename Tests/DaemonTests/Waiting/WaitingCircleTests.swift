// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Who waits for each other, and what is destroyed while somebody waits")
struct WaitingCircleTests {
  private let scene: UnmapScene
  init() throws { scene = try UnmapScene() }

  private func join() throws -> Caller {
    let caller = try scene.house.connect()
    _ = try caller.open("vm")
    return caller
  }

  @Test("Two that would wait for each other: the second is refused at once")
  func two() throws {
    let foreign = try scene.pin(0)
    let own = try scene.pin(1, by: scene.unmapper)
    let first = scene.unmap(0)
    #expect(first.isWaiting)
    let second = scene.unmap(1, by: scene.holder)
    #expect(second.failure?.errno == .edeadlk)
    #expect(second.failure?.holders.map(\.connection) == [scene.unmapper.session.id.rawValue])
    #expect(scene.read(1) == nil && first.isWaiting)
    #expect(scene.unmapper.events().isEmpty)
    try scene.unpin(foreign)
    #expect(first.value?.unmapped == 0x2000)
    // Nobody waits any more, and the same call may now.
    let third = scene.unmap(1, by: scene.holder)
    #expect(third.isWaiting)
    try scene.unpin(own, by: scene.unmapper)
    #expect(third.value?.unmapped == 0x2000)
    try scene.expectNothingHeld()
  }

  @Test("A circle of three is seen, and a chain is none")
  func three() throws {
    let third = try join()
    let pins = [
      try scene.pin(0, by: scene.unmapper), try scene.pin(1, by: scene.holder), try scene.pin(2, by: third),
    ]
    let first = scene.unmap(1, by: scene.unmapper)
    let second = scene.unmap(2, by: scene.holder)
    #expect(first.isWaiting && second.isWaiting)
    #expect(scene.unmap(0, by: third).failure?.errno == .edeadlk)
    // One at the end of the chain does not close it.
    let fourth = try join()
    let end = scene.unmap(0, by: fourth)
    #expect(end.isWaiting)
    try scene.unpin(pins[2], by: third)
    #expect(second.value != nil && first.isWaiting)
    try scene.unpin(pins[1], by: scene.holder)
    #expect(first.value != nil && end.isWaiting)
    try scene.unpin(pins[0], by: scene.unmapper)
    #expect(end.value != nil)
    try scene.expectNothingHeld()
  }

  @Test("Who has stopped waiting is waited for again")
  func afterTimeout() throws {
    let foreign = try scene.pin(0)
    let own = try scene.pin(1, by: scene.unmapper)
    let first = scene.unmap(0)
    first.expire()
    let second = scene.unmap(1, by: scene.holder)
    #expect(second.isWaiting)
    #expect(scene.unmap(0).failure?.errno == .edeadlk)
    second.expire()
    try scene.unpin(foreign)
    try scene.unpin(own, by: scene.unmapper)
    try scene.expectNothingHeld()
  }

  @Test("An access that is destroyed takes pins of others along, who are told, and the unmap goes on")
  func destroyingTheAccess() throws {
    let pin = try scene.pin(0)
    let unmapping = scene.unmap(0)
    _ = scene.holder.events()
    let third = try join()
    _ = try third.call(third.services.object.destroy, ObjectDestroy(id: scene.access))
    #expect(unmapping.value?.unmapped == 0x2000)
    guard case .pinRevoked(let told)? = scene.holder.events().first else {
      Issue.record("the holder was not told")
      return
    }
    #expect(told.pins == [pin])
    #expect(try scene.house.state.pins == 0)
  }

  @Test("The IOAS stays while an unmap waits on it")
  func destroyingTheSpace() throws {
    let pin = try scene.pin(0)
    let unmapping = scene.unmap(0)
    expect(.ebusy, "id") {
      _ = try scene.holder.call(scene.house.services.object.destroy, ObjectDestroy(id: scene.ioas))
    }
    try scene.unpin(pin)
    #expect(unmapping.value != nil)
    _ = try scene.holder.call(scene.house.services.object.destroy, ObjectDestroy(id: scene.access))
    _ = try scene.holder.call(scene.house.services.object.destroy, ObjectDestroy(id: scene.ioas))
  }

  @Test("A context that is destroyed tells all who work in it, and ends the waiting")
  func destroyingTheContext() throws {
    let third = try join()
    _ = try scene.pin(0)
    let unmapping = scene.unmap(0)
    _ = scene.holder.events()
    let result = try third.call(third.services.context.destroy, ContextDestroy("vm"))
    #expect(unmapping.failure?.errno == .enoent)
    let told = Event.Body.contextDestroyed(ContextDestroyed(objects: result.objects))
    #expect(scene.holder.events() == [told] && scene.unmapper.events() == [told])
    #expect(third.events().isEmpty)
    let state = try scene.house.state
    #expect(state.pins == 0 && state.pinnedPages == 0 && state.objects == ServerStats.Objects())
    #expect(state.engineBytes == 0 && state.descriptors == 0)
  }

  @Test("A context is destroyed once the pins of one who has just left are gone")
  func destroyingAfterLeaving() throws {
    _ = try scene.pin(0)
    scene.holder.close()
    let services = scene.house.services
    let destroying = ParkedCall(scene.house) { [session = scene.unmapper.session] () throws(Failure) in
      try services.context.destroy(ContextDestroy("vm"), session)
    }
    #expect(destroying.isWaiting)
    expect(.ebusy, nil) { _ = try scene.unmapper.ioas() }
    try scene.house.runBacklog()
    #expect(destroying.value?.objects ?? 0 > 0)
    #expect(try scene.house.state.objects == ServerStats.Objects())
    expect(.enoent, "name") { _ = try scene.unmapper.open("vm", create: false) }
  }

  @Test("Who gives up destroying a context leaves it as it was")
  func givingUpDestroying() throws {
    _ = try scene.pin(0)
    scene.holder.close()
    let services = scene.house.services
    let destroying = ParkedCall(scene.house) { [session = scene.unmapper.session] () throws(Failure) in
      try services.context.destroy(ContextDestroy("vm"), session)
    }
    destroying.expire()
    #expect(destroying.failure?.errno == .ebusy)
    _ = try scene.unmapper.ioas()
    try scene.house.runBacklog()
    _ = try scene.unmapper.ioas()
  }
}
