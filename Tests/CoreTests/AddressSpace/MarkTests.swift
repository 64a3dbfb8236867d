// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import Testing

/// Areas that wait to be unmapped: nobody new comes to them, and all is as before when nobody waits any more.
@Suite struct MarkTests {
  private let scene = Scene(holdsBytes: true)
  private let space = AddressSpace()

  /// Three areas of two pages with holes between.
  private func build() throws {
    for number: UInt64 in 0..<3 {
      try scene.map(space, 0x10000 * (number + 1), offset: number * 0x2000, bytes: 0x2000)
    }
  }

  private func range(_ number: UInt64) -> IOVARange { pageRange(0x10000 * number, pages: 2) }
  private var marks: [UInt32] { space.areas().map(\.marks) }

  private func read(_ range: IOVARange, _ waiting: Waiting = .wait) -> Refusal? {
    let buffer = Bytes([UInt8](repeating: 0, count: 16))
    return refusal { () throws(Refusal) in try unsafe space.read(range.first, into: buffer.raw, waiting) }
  }

  private func write(_ range: IOVARange) -> Refusal? {
    let buffer = Bytes([UInt8](repeating: 0, count: 16))
    return refusal { () throws(Refusal) in
      try unsafe space.write(range.first, from: UnsafeRawBufferPointer(buffer.raw))
    }
  }

  @Test func nobodyNewComesToAMarkedArea() throws {
    try build()
    let domain = scene.domain()
    try space.attach(domain)
    let access = try Access(space, pins: true)
    let before = try access.pin(range(2), write: true)
    let mark = try space.mark([range(1), range(2)])
    #expect(mark.count == 2 && marks == [1, 1, 0])
    for waiting in [Waiting.wait, .tryOnly] {
      #expect(
        refusal { () throws(Refusal) in try access.pin(range(1), write: false, waiting) } == .marked(range(1))
      )
      #expect(read(range(1), waiting) == .marked(range(1)))
    }
    #expect(write(range(2)) == .marked(range(2)))
    #expect(Refusal.marked(range(1)).errno == .ebusy)
    // Others are free, a device goes on, a pin may go, and domains may come.
    #expect(read(range(3)) == nil)
    _ = try access.pin(range(3), write: false)
    let buffer = Bytes([UInt8](repeating: 0, count: 16))
    try unsafe space.dmaRead(domain, range(1).first, into: buffer.raw)
    try space.attach(scene.domain())
    try access.unpin(before.id)
    mark.takeBack()
    #expect(marks == [0, 0, 0])
    #expect(read(range(1)) == nil && write(range(2)) == nil)
    _ = try access.pin(range(1), write: true)
    space._checkInvariants()
    #expect(try scene.clear(space, closing: [access]) == [])
  }

  @Test func whatAnUnmapWouldRefuseIsNotMarked() throws {
    try build()
    let cut = IOVARange(range(2).first, through: IOVA(range(2).last.rawValue - 1))
    let hole = pageRange(0x50000, pages: 1)
    #expect(
      refusal { () throws(Refusal) in try space.mark([range(1), hole]) } == .noArea(hole))
    #expect(
      refusal { () throws(Refusal) in try space.mark([range(1), cut]) }
        == .cutsArea(range: cut, area: range(2)))
    #expect(marks == [0, 0, 0])
    #expect(try scene.clear(space) == [])
    // Of an empty space everything may be marked, as everything may be unmapped.
    try space.mark(nil).takeBack()
  }

  @Test func marksCountAndOutliveTheirAreas() throws {
    try build()
    let some = try space.mark([range(1)])
    let all = try space.mark(nil)
    #expect(marks == [2, 1, 1])
    // Another unmap does not mind; what is mapped afterwards in the same place is another area.
    #expect(try space.unmap([range(1)]) == 0x2000)
    try scene.map(space, range(1).first.rawValue, bytes: 0x2000)
    #expect(marks == [0, 1, 1])
    #expect(read(range(1)) == nil)
    some.takeBack()
    #expect(marks == [0, 1, 1])
    all.takeBack()
    all.takeBack()
    #expect(marks == [0, 0, 0])
    // One that nobody takes back goes with the last who knows it.
    do { _ = try space.mark(nil) }
    #expect(marks == [0, 0, 0])
    #expect(try scene.clear(space) == [])
  }

  @Test func aPinnedAreaIsUnmappedOnceItsPinsAreGoneAndTheMarkWithIt() throws {
    try build()
    let access = try Access(space, pins: true)
    let pin = try access.pin(range(1), write: false)
    let mark = try space.mark([range(1), range(3)])
    #expect(refusal { () throws(Refusal) in try space.unmap([range(1), range(3)]) } == .pinned(range(1)))
    #expect(space.areaCount == 3 && marks == [1, 0, 1])
    try access.unpin(pin.id)
    #expect(try space.unmap([range(1), range(3)]) == 0x4000)
    mark.takeBack()
    #expect(marks == [0])
    #expect(try scene.clear(space, closing: [access]) == [])
  }

  @Test func whoMustNotWaitMarksFewAreas() throws {
    for number in 0..<UInt64(Quick.areas) + 1 {
      try scene.map(space, 0x10000 * (number + 1), bytes: 0x1000)
    }
    #expect(refusal { () throws(Refusal) in try space.mark(nil, .tryOnly) } == .contended)
    #expect(!marks.contains(1))
    let mark = try space.mark(nil)
    #expect(mark.count == Quick.areas + 1)
    mark.takeBack()
    #expect(try scene.clear(space) == [])
  }
}
