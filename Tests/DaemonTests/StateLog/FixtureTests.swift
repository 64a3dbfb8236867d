// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuDaemon
import Testing

/// Logs as every released version wrote them. A daemon that takes the place of an older one finds such.
@Suite struct FixtureTests {
  private static let folder = String(#filePath.dropLast("FixtureTests.swift".count)) + "Fixtures/"

  private func id(_ number: UInt32) throws -> ObjectID { try #require(ObjectID(number)) }

  private func range(_ first: UInt64, _ last: UInt64) -> IOVARange {
    IOVARange(IOVA(first), through: IOVA(last))
  }

  /// One of every kind, with every member different from what it usually is. A new kind comes behind these, and takes
  /// a new version.
  private func records() throws -> [[Change]] {
    var options = SavedOptions()
    options.frames = .fragmented
    options.rlimitMode = .process
    options.upcoming = try id(300)
    var space = SavedIOAS(id: try id(1))
    space.isAdvisory = true
    space.hugePages = false
    space.allowed = [range(0x1000, 0xffff_ffff)]
    space.reserved = [range(0xfee0_0000, 0xfeef_ffff), range(0, 0)]
    let flat = TableShape(
      format: .flat, pageSizes: PageSizes(rawValue: 0x4020_1000), aperture: range(0, .max))
    let profile = DeviceProfile(name: "nic é", shape: flat, reserved: [range(0, 0xfff)], dirtyTracking: true)
    var table = SavedTable(id: try id(3), ioas: try id(1), shape: flat)
    (table.isAutomatic, table.canTrack, table.isTracking) = (true, true, true)
    var memory = SavedMemory(id: try id(5), kind: .fd)
    var first = SavedMemory.Descriptor(store: 17, isOwn: false, advisesHuge: false, size: 1 << 40)
    first.frameBase = PFN(0x100000)
    first.frameBytes = 1 << 30
    memory.descriptors = [
      first, SavedMemory.Descriptor(store: 18, isOwn: true, advisesHuge: true, size: 4096),
    ]
    memory.suppliers = [
      SavedMemory.Supplier(uid: 1000, write: true), SavedMemory.Supplier(uid: 0, write: false),
    ]
    memory.shared = true
    memory.prepaid = .process(1000, pid: 4321)
    memory.prepaidBytes = 8192
    let pages = SavedPages(
      id: try id(6), memory: try id(5), offset: 4096, length: 1 << 20, writable: true, isAdvisory: true,
      payer: .user(1000))
    let free = SavedPages(
      id: try id(7), memory: try id(5), offset: 0, length: 100, writable: false, isAdvisory: false, payer: nil
    )
    let areas = [
      SavedArea(
        ioas: try id(1), range: range(0x10_0000, 0x1f_ffff), pages: try id(6), byteOffset: 0,
        protection: [.read, .write]),
      SavedArea(
        ioas: try id(1), range: range(0x20_0000, 0x20_0fff), pages: try id(7), byteOffset: 0,
        protection: .read),
    ]
    let answer = SavedAnswer(
      token: "vm-1", key: "42", digest: .max - 1, result: Array(#"{"ioas":1}"#.utf8), memories: [try id(5)])
    return [
      [.context(options), .ioas(space), .answer(answer)],
      [.table(table), .device(SavedDevice(id: try id(2), profile: profile, table: try id(3)))],
      [.access(SavedAccess(id: try id(4), ioas: try id(1), pins: true))],
      [.access(SavedAccess(id: try id(9), ioas: try id(1), pins: false)), .gone(try id(9))],
      [.memory(memory), .pages(pages), .pages(free), .area(areas[0]), .area(areas[1])],
      [
        .area(
          SavedArea(
            ioas: try id(1), range: range(0x30_0000, 0x30_0fff), pages: try id(6), byteOffset: 4096,
            protection: .write))
      ],
      [.unmapped(try id(1), range(0x30_0000, .max)), .quarantined(try id(7), true)],
    ]
  }

  @Test func `What version 1 wrote is read by this one`() throws {
    let path = Self.folder + "v1.log"
    let read = try LogFile.open(LogFile.bytes(ofFile: path))
    var state = SavedContext()
    for change in try records().joined() { state.apply(change) }
    #expect(try SavedFacts(read.replay()) == SavedFacts(state))
    #expect(read.header.name == "fixture" && read.header.owner == 1000 && read.isComplete)
    #expect(read.header.number == 12 && read.header.generation == 34 && read.repinning == 6)
  }

  @Test
  func `What is written is what its version says: another format takes another version and a file here`()
    throws
  {
    let log = try StateLog.make(owner: 1000, name: "fixture", number: 12, generation: 34, capacity: 4096)
    for record in try records() {
      for change in record { #expect(log.append(change)) }
      log.commit()
    }
    log.repinning = 6
    log.isComplete = true
    let (bytes, path) = (try LogFile.bytes(log), Self.folder + "v\(StateLog.version).log")
    guard let known = try? LogFile.bytes(ofFile: path) else {
      try LogFile.write(bytes, toFile: path)
      Issue.record("there was no \(path): it has been written, and belongs into the repository")
      return
    }
    #expect(bytes == known)
  }
}
