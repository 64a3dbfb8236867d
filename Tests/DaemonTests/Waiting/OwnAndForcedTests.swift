// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Unmapping over one's own pins, and by force")
struct OwnAndForcedTests {
  private let scene: UnmapScene
  init() throws { scene = try UnmapScene() }

  private static let bytes: UInt64 = 0x2000

  @Test("Pins of the caller are refused at once, with all of their ids, even beside those of others")
  func own() throws {
    let own = try [scene.pin(0, by: scene.unmapper), scene.pin(1, by: scene.unmapper)]
    let foreign = try scene.pin(1)
    let unmapping = scene.unmap(0, 1)
    #expect(unmapping.failure?.errno == .ebusy)
    #expect(unmapping.failure?.pins == own)
    #expect(unmapping.failure?.holders.isEmpty == true)
    #expect(scene.read(0) == nil && scene.holder.events().isEmpty)
    for pin in own { try scene.unpin(pin, by: scene.unmapper) }
    try scene.unpin(foreign)
    try scene.expectNothingHeld()
  }

  @Test("unpin_own drops the caller's pins in the call")
  func unpinOwn() throws {
    let pin = try scene.pin(0, by: scene.unmapper)
    let kept = try scene.pin(1, by: scene.unmapper)
    #expect(scene.unmap(0) { $0.unpinsOwn = true }.value?.unmapped == Self.bytes)
    expect(.enoent, "pin") { try scene.unpin(pin, by: scene.unmapper) }
    #expect(scene.unmapper.events().isEmpty)
    try scene.unpin(kept, by: scene.unmapper)
    try scene.expectNothingHeld()
  }

  @Test("unpin_own drops nothing when the call fails")
  func unpinOwnInVain() throws {
    let own = try scene.pin(0, by: scene.unmapper)
    let foreign = try scene.pin(1)
    let unmapping = scene.unmap(0, 1) { $0.unpinsOwn = true }
    #expect(unmapping.isWaiting)
    #expect(try scene.house.state.pins == 2)
    unmapping.expire()
    #expect(unmapping.failure?.holders.map(\.pins) == [1])
    #expect(try scene.house.state.pins == 2)
    // Now the other lets go in time.
    let again = scene.unmap(0, 1) { $0.unpinsOwn = true }
    try scene.unpin(foreign)
    #expect(again.value?.unmapped == 2 * Self.bytes)
    expect(.enoent, "pin") { try scene.unpin(own, by: scene.unmapper) }
    try scene.expectNothingHeld()
  }

  @Test("force ends pins and their charge, and tells the holders")
  func force() throws {
    let pins = try [scene.pin(0), scene.pin(0)]
    let kept = try scene.pin(1)
    let charged = try scene.house.state.engineBytes
    let unmapping = scene.unmap(0) { $0.force = true }
    #expect(unmapping.value?.unmapped == Self.bytes)
    #expect(try scene.house.state.pins == 1)
    #expect(try scene.house.state.pinnedPages == 2)
    #expect(try scene.house.state.engineBytes < charged)
    var revoked = PinRevoked()
    revoked.ioas = scene.ioas
    revoked.access = scene.access
    revoked.pins = pins
    #expect(scene.holder.events() == [.pinRevoked(revoked)])
    expect(.enoent, "pin") { try scene.unpin(pins[0]) }
    try scene.unpin(kept)
    try scene.expectNothingHeld()
  }

  @Test("force does not take the caller's own pins without being told to")
  func forceAndOwn() throws {
    _ = try scene.pin(0)
    let own = try scene.pin(0, by: scene.unmapper)
    #expect(scene.unmap(0) { $0.force = true }.failure?.pins == [own])
    #expect(scene.holder.events().isEmpty)
    let both = scene.unmap(0) {
      $0.force = true
      $0.unpinsOwn = true
    }
    #expect(both.value?.unmapped == Self.bytes)
    #expect(scene.holder.events().count == 1 && scene.unmapper.events().isEmpty)
    try scene.expectNothingHeld()
  }

  @Test("force frees those who wait with patience")
  func forceBesideWaiting() throws {
    let third = try scene.house.connect()
    _ = try third.open("vm")
    _ = try scene.pin(0)
    let patient = scene.unmap(0, 1, by: third)
    #expect(patient.isWaiting)
    #expect(scene.unmap(0) { $0.force = true }.value?.unmapped == Self.bytes)
    // One of its areas is gone.
    #expect(patient.failure?.errno == .enoent)
    #expect(scene.read(1) == nil)
    try scene.expectNothingHeld()
  }

  @Test("The admin may force in the context of anybody, and others do not even reach it")
  func whoMay() throws {
    _ = try scene.pin(0)
    let admin = try scene.house.connect(uid: 0, role: .admin)
    _ = try admin.open("vm", create: false, owner: 1000)
    let stranger = try scene.house.connect(uid: 1001)
    expect(.enoent, "owner") { _ = try stranger.open("vm", create: false, owner: 1000) }
    #expect(scene.unmap(0, by: stranger) { $0.force = true }.failure?.errno == .enoent)
    #expect(try scene.house.state.pins == 1)
    #expect(scene.unmap(0, by: admin) { $0.force = true }.value?.unmapped == Self.bytes)
    #expect(scene.holder.events().count == 1)
    try scene.expectNothingHeld()
  }

  @Test("One who works in another's context without being admin may not force")
  func notTheOwner() throws {
    let pin = try scene.pin(0)
    let guest = try scene.house.connect(uid: 1001)
    // As delegation will.
    scene.house.services.contexts.move(guest.session, to: scene.holder.session.context)
    let unmapping = scene.unmap(0, by: guest) { $0.force = true }
    #expect(unmapping.failure?.errno == .eperm && unmapping.failure?.field == "force")
    #expect(scene.unmap(0, by: guest) { $0.milliseconds = 0 }.failure?.errno == .ebusy)
    try scene.unpin(pin)
    try scene.expectNothingHeld()
  }

  @Test("Dropping pins by force runs on a worker, and the access is not destroyed meanwhile")
  func forceOnWorker() throws {
    _ = try scene.pin(0)
    let unmapping = scene.unmap(0, holdsJobs: true) { $0.force = true }
    #expect(unmapping.isWorking)
    expect(.ebusy, "id") {
      _ = try scene.holder.call(scene.house.services.object.destroy, ObjectDestroy(id: scene.access))
    }
    #expect(scene.read(0) == .ebusy)
    unmapping.proceed()
    #expect(unmapping.value?.unmapped == Self.bytes)
    try scene.expectNothingHeld()
  }
}
