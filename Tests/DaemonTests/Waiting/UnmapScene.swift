// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// A context with two connections in it: one that unmaps and one that holds, and three areas of two pages each.
final class UnmapScene {
  let house = House()
  let unmapper: Caller
  let holder: Caller
  let ioas: UInt32
  let access: UInt32

  static func area(_ number: UInt64) -> UInt64 { 0x10000 * (number + 1) }

  init() throws {
    unmapper = try house.connect()
    holder = try house.connect()
    _ = try unmapper.open("vm")
    _ = try holder.open("vm")
    ioas = try unmapper.ioas()
    for number in 0..<UInt64(3) {
      try unmapper.map(ioas, .init(length: 0x2000, source: .new, iova: IOVA(Self.area(number))))
    }
    access = try unmapper.access(ioas)
  }

  func pin(_ number: UInt64, by caller: Caller? = nil) throws -> UInt32 {
    try (caller ?? holder).pin(access, Self.area(number), 0x2000).pin
  }

  func unpin(_ pin: UInt32, by caller: Caller? = nil) throws {
    let caller = caller ?? holder
    _ = try caller.call(caller.services.access.unpin, AccessUnpin(access: access, pin: pin))
  }

  typealias Unmapping = ParkedCall<IOASUnmap.Result>

  /// Unmaps the areas of these numbers in one call.
  func unmap(
    _ numbers: UInt64..., by caller: Caller? = nil, holdsJobs: Bool = false,
    _ change: (inout IOASUnmap) -> Void = { _ in }
  ) -> Unmapping {
    let ranges = numbers.map { IOASUnmap.Range(iova: IOVA(Self.area($0)), length: 0x2000) }
    var call = IOASUnmap(ioas: ioas, ranges: ranges)
    if ranges.isEmpty { call = IOASUnmap(allOf: ioas) }
    change(&call)
    let caller = caller ?? unmapper
    return ParkedCall(house, holdsJobs: holdsJobs) { () throws(Failure) in
      try caller.services.ioas.unmap(call, caller.session)
    }
  }

  /// What a read of the area answers; nil where it succeeds.
  func read(_ number: UInt64) -> Errno? {
    let call = AccessRead(access: access, iova: IOVA(Self.area(number)), length: 1)
    do throws(Failure) {
      _ = try holder.services.access.read(call, holder.session).awaited()
      return nil
    } catch {
      return error.errno
    }
  }

  var areas: [UInt64] {
    get throws {
      try unmapper.call(unmapper.services.ioas.areas, IOASAreas(ioas: ioas)).items.map(\.iova.rawValue)
    }
  }

  /// What nobody holds and nobody waits for, whatever happened before.
  func expectNothingHeld(sourceLocation: SourceLocation = #_sourceLocation) throws {
    let left = try areas
    for (number, iova) in (0..<UInt64(3)).map({ ($0, Self.area($0)) }) where left.contains(iova) {
      #expect(read(number) == nil, "area \(number) is still marked", sourceLocation: sourceLocation)
    }
    let unmapping = unmap()
    #expect(unmapping.value?.unmapped == UInt64(left.count) * 0x2000, sourceLocation: sourceLocation)
    let state = try house.state
    #expect(state.pins == 0 && state.pinnedPages == 0 && state.areas == 0, sourceLocation: sourceLocation)
  }
}

extension Caller {
  /// Events that it was told since the last look.
  func events() -> [Event.Body] {
    var bodies: [Event.Body] = []
    while let event = session.events.next() { bodies.append(event.body) }
    return bodies
  }
}
