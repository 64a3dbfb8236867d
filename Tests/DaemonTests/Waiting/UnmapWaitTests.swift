// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Unmapping what others hold")
struct UnmapWaitTests {
  private let scene: UnmapScene
  init() throws { scene = try UnmapScene() }

  private static let bytes: UInt64 = 0x2000

  @Test("A pin made before holds the unmap up until it is let go, and nobody new comes meanwhile")
  func holderLetsGo() throws {
    let pin = try scene.pin(0)
    let unmapping = scene.unmap(0)
    #expect(unmapping.isWaiting)
    #expect((900...1000).contains(unmapping.milliseconds ?? 0))
    #expect(scene.read(0) == .ebusy)
    expect(.ebusy, "iova") { _ = try scene.pin(0) }
    #expect(scene.read(1) == nil)
    try scene.unpin(pin)
    #expect(unmapping.value?.unmapped == Self.bytes)
    #expect(unmapping.attempts == 1)
    #expect(try scene.areas == [UnmapScene.area(1), UnmapScene.area(2)])
    try scene.expectNothingHeld()
  }

  @Test("A pin asked for after the unmap finds nothing")
  func holderComesLater() throws {
    #expect(scene.unmap(0).value?.unmapped == Self.bytes)
    expect(.enoent, "iova") { _ = try scene.pin(0) }
    try scene.expectNothingHeld()
  }

  @Test("The holder is told once, with all of its pins, and its neighbours are not")
  func notice() throws {
    let bystander = try scene.house.connect()
    _ = try bystander.open("vm")
    let pins = try [scene.pin(0), scene.pin(2), scene.pin(0)]
    _ = try scene.pin(1)
    _ = bystander.events()
    let unmapping = scene.unmap(0, 2) { $0.milliseconds = 5000 }
    guard case .unmapRequested(let told)? = scene.holder.events().first else {
      Issue.record("the holder was not told")
      return
    }
    #expect(told.ioas == scene.ioas && told.access == scene.access)
    #expect(told.pins == pins.sorted())
    #expect(told.first.rawValue == UnmapScene.area(0))
    #expect(told.last.rawValue == UnmapScene.area(2) + 0x1fff)
    #expect((4900...5000).contains(told.milliseconds))
    #expect(scene.unmapper.events().isEmpty && bystander.events().isEmpty)
    // One who subscribes now learns of it too.
    let state = try bystander.call(bystander.services.events.subscribe, EventsSubscribe())
    #expect(state.unmaps.map(\.pins) == [pins.sorted()])
    for pin in pins { try scene.unpin(pin) }
    #expect(unmapping.value?.unmapped == 2 * Self.bytes)
    #expect(scene.holder.events().isEmpty)
    let later = try bystander.call(bystander.services.events.subscribe, EventsSubscribe())
    #expect(later.unmaps.isEmpty)
  }

  @Test("When the time is up the marks go, nothing is unmapped, and the holders are named")
  func timeout() throws {
    let pins = try [scene.pin(0), scene.pin(0)]
    let unmapping = scene.unmap(0, 1)
    #expect(scene.read(1) == .ebusy)
    unmapping.expire()
    let failure = try #require(unmapping.failure)
    #expect(failure.errno == .ebusy && failure.field == "ranges[0].iova" && failure.pins.isEmpty)
    let named = try #require(failure.holders.first)
    #expect(failure.holders.count == 1)
    #expect(named.connection == scene.holder.session.id.rawValue)
    #expect(named.uid == 1000 && named.access == scene.access && named.pins == 2)
    #expect(named.milliseconds < 60_000)
    #expect(scene.read(0) == nil && scene.read(1) == nil)
    #expect(try scene.areas.count == 3)
    for pin in pins { try scene.unpin(pin) }
    try scene.expectNothingHeld()
  }

  @Test("Who does not wait is refused at once, by the same name")
  func noWait() throws {
    let pin = try scene.pin(0)
    let unmapping = scene.unmap(0) { $0.milliseconds = 0 }
    #expect(unmapping.failure?.errno == .ebusy)
    #expect(unmapping.failure?.holders.map(\.connection) == [scene.holder.session.id.rawValue])
    #expect(scene.holder.events().isEmpty)
    #expect(scene.read(0) == nil)
    #expect(scene.unmap(0) { $0.milliseconds = 60_001 }.failure?.field == "wait_ms")
    try scene.unpin(pin)
    try scene.expectNothingHeld()
  }

  @Test("A holder that dies while it is waited for lets the unmap go on")
  func holderDies() throws {
    _ = try scene.pin(0)
    let unmapping = scene.unmap(0)
    scene.holder.close()
    #expect(unmapping.isWaiting)
    try scene.house.runBacklog()
    #expect(unmapping.value?.unmapped == Self.bytes)
    #expect(try scene.house.state.pins == 0)
  }

  @Test("An unmapper that dies takes its marks with it")
  func unmapperDies() throws {
    let pin = try scene.pin(0)
    do {
      let unmapping = scene.unmap(0)
      #expect(unmapping.isWaiting && scene.read(0) == .ebusy)
    }
    #expect(scene.read(0) == nil)
    _ = try scene.pin(1)
    try scene.unpin(pin)
    #expect(try scene.areas.count == 3)
  }

  @Test("Three ranges, of which one is held, go together or not at all")
  func threeRanges() throws {
    let pin = try scene.pin(1)
    let unmapping = scene.unmap(0, 1, 2)
    #expect(unmapping.isWaiting)
    for number: UInt64 in 0..<3 { #expect(scene.read(number) == .ebusy) }
    #expect(try scene.areas.count == 3)
    try scene.unpin(pin)
    #expect(unmapping.value?.unmapped == 3 * Self.bytes)
    #expect(try scene.areas.isEmpty)
    try scene.expectNothingHeld()
  }

  @Test("What could not be unmapped in any case is refused before anybody is asked")
  func wrongRanges() throws {
    let pin = try scene.pin(0)
    let cut = scene.unmap(0, 1) { $0.ranges[1].length = 0x1000 }
    #expect(cut.failure?.errno == .enoent && cut.failure?.field == "ranges[1].iova")
    let hole = scene.unmap(0, 1) { $0.ranges[1].iova = IOVA(0x90000) }
    #expect(hole.failure?.errno == .enoent && hole.failure?.field == "ranges[1].iova")
    // Also not those who would have been forced, or the caller's own.
    let forced = scene.unmap(0, 1) {
      $0.ranges[1].length = 0x1000
      $0.force = true
    }
    #expect(forced.failure?.errno == .enoent)
    #expect(scene.holder.events().isEmpty && scene.read(0) == nil)
    try scene.unpin(pin)
    try scene.expectNothingHeld()
  }

  @Test("Of two unmaps of one area the first takes it, and the second finds nothing")
  func twoUnmaps() throws {
    let third = try scene.house.connect()
    _ = try third.open("vm")
    let pin = try scene.pin(0)
    let first = scene.unmap(0)
    let second = scene.unmap(0, by: third)
    #expect(first.isWaiting && second.isWaiting)
    #expect(scene.holder.events().count == 2)
    try scene.unpin(pin)
    #expect(first.value?.unmapped == Self.bytes)
    #expect(second.failure?.errno == .enoent)
    try scene.expectNothingHeld()
  }

  @Test("Of two unmaps of one area one gives up, and the other's marks stay")
  func oneOfTwoGivesUp() throws {
    let third = try scene.house.connect()
    _ = try third.open("vm")
    let pin = try scene.pin(0)
    let first = scene.unmap(0, 1)
    let second = scene.unmap(0, by: third)
    first.expire()
    #expect(scene.read(0) == .ebusy && scene.read(1) == nil)
    try scene.unpin(pin)
    #expect(second.value?.unmapped == Self.bytes)
    try scene.expectNothingHeld()
  }

  @Test("An unmap of everything waits for every pin")
  func everything() throws {
    let pins = try [scene.pin(0), scene.pin(2)]
    let unmapping = scene.unmap()
    try scene.unpin(pins[0])
    #expect(unmapping.isWaiting && scene.read(1) == .ebusy)
    try scene.unpin(pins[1])
    #expect(unmapping.value?.unmapped == 3 * Self.bytes)
    try scene.expectNothingHeld()
  }

  @Test("A pin that was under way when the area was marked is waited for, and its owner told")
  func pinUnderWay() throws {
    let (holder, access) = (scene.holder, scene.access)
    // More than the loop pins at once.
    let length: UInt64 = 1 << 20
    let ioas = scene.ioas
    try scene.unmapper.map(ioas, .init(length: length, source: .new, iova: IOVA(0x100_0000)))
    let call = AccessPin(access: access, iova: IOVA(0x100_0000), length: length, write: false)
    let pinning = ParkedCall(scene.house, holdsJobs: true) { () throws(Failure) in
      try holder.services.access.pin(call, holder.session)
    }
    #expect(pinning.isWorking)
    // The worker has pinned, and the loop does not know yet.
    let unmapping = scene.unmap(0, holdsJobs: true) {
      $0.ranges[0] = IOASUnmap.Range(iova: IOVA(0x100_0000), length: length)
      pinning.runWork()
    }
    unmapping.proceed()
    #expect(unmapping.isWaiting && holder.events().isEmpty)
    pinning.finishWork()
    let pin = try #require(pinning.value?.pin)
    guard case .unmapRequested(let told)? = holder.events().first else {
      Issue.record("the holder was not told")
      return
    }
    #expect(told.pins == [pin])
    try scene.unpin(pin)
    unmapping.proceed()
    #expect(unmapping.value?.unmapped == length)
    try scene.expectNothingHeld()
  }
}
