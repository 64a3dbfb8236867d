// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuClient
import IommuDaemon
import IommuWire
import Testing

@Suite("The served daemon", .timeLimit(.minutes(2)))
struct ServedTests {
  @Test("A file goes the whole way: mapped, translated, pinned, opened by another connection, and gone")
  func wholeWay() throws {
    let served = try Served()
    let owner = try served.connect()
    _ = try owner.call(ContextOpen("vm"))
    let memory = try TestMemory(pages: 600)
    let ioas = try owner.call(IOASAlloc()).ioas
    let device = try owner.call(DeviceBind(name: "nic")).device
    let hwpt = try owner.call(DeviceAttach(device: device, to: ioas)).hwpt
    let length = UInt64(600 * 4096)
    let result = try owner.call(
      IOASMap(ioas: ioas, .init(length: length, source: .fd(0))), descriptors: [memory.descriptor.rawValue])
    let iova = try #require(result.iova)
    // More than the loop does itself: it went to a worker.
    #expect(try owner.call(ServerStats()).totals.jobs > 0)
    // As many answers as the runs need, of which there may be one for each page.
    var translated: UInt64 = 0
    while translated < length {
      let runs = try owner.call(
        HWPTTranslate(
          hwpt: hwpt, iova: IOVA(iova.rawValue + translated), length: length - translated)
      ).runs
      try #require(!runs.isEmpty)
      translated += runs.reduce(0) { $0 + $1.length }
    }
    #expect(translated == length)

    do {
      let user = try served.connect()
      _ = try user.call(ContextOpen("vm"))
      let access = try user.call(AccessCreate(ioas: ioas, pins: true)).access
      let pin = try user.call(AccessPin(access: access, iova: iova, length: length))
      #expect(pin.segments.count == 1)
      let segment = try user.map(pin.segments[0])
      let same = try unsafe segment.withBytes { bytes in
        unsafe try memory.bytes(at: 0, bytes.count).elementsEqual(bytes)
      }
      #expect(same)
      #expect(try user.call(ServerStats()).state.pinnedPages == 600)
    }
    _ = try served.state { $0.pins == 0 }
    #expect(try owner.call(IOASUnmap(ioas: ioas, iova: iova, length: length)).unmapped == length)
    let state = try owner.call(ServerStats()).state
    #expect(state.pinnedPages == 0)
    #expect(state.areas == 0)
    #expect(state.descriptors == 0)
    _ = try owner.call(ContextDestroy("vm"))
    #expect(try owner.call(ServerStats()).state.objects == ServerStats.Objects())
  }

  @Test("Clients that do everything at once in one context leave nothing behind")
  func crowd() throws {
    let served = try Served()
    let keeper = try served.connect()
    _ = try keeper.call(ContextOpen("crowd"))
    let spaces = [try keeper.call(IOASAlloc()).ioas, try keeper.call(IOASAlloc()).ioas]
    let devices = try (0..<3).map { _ in try keeper.call(DeviceBind(name: nil)).device }
    let access = try keeper.call(AccessCreate(ioas: spaces[0], pins: true)).access
    let memory = try TestMemory(pages: 256)
    let path = served.path
    let number = memory.descriptor.rawValue
    let unexpected = Collected()
    Threads.all(4) { thread in
      var member = Member(
        seed: UInt64(thread), spaces: spaces, devices: devices, access: access, file: number)
      do {
        for _ in 0..<3 {
          let client = try Client.connect(to: path)
          _ = try client.call(ContextOpen("crowd"))
          for _ in 0..<60 { try member.step(client) }
        }
      } catch {
        unexpected.append("\(error)")
      }
    }
    #expect(unexpected.texts.isEmpty)
    _ = try served.state { $0.pins == 0 }
    for device in devices { _ = try? keeper.call(DeviceDetach(device: device)) }
    for space in spaces { _ = try keeper.call(IOASUnmap(allOf: space)) }
    let state = try keeper.call(ServerStats()).state
    #expect(state.areas == 0)
    #expect(state.pinnedPages == 0)
    #expect(state.chargedPages == 0)
    #expect(state.descriptors == 0)
    #expect(state.engineBytes == 0)
    #expect(try keeper.call(ObjectList(kind: nil)).items.count == 6)
    _ = try keeper.call(ContextDestroy("crowd"))
    #expect(try keeper.call(ServerStats()).state.objects == ServerStats.Objects())
  }
}

/// What threads have to say. Any thread.
private final class Collected: @unchecked Sendable {
  private let lock = Lock()
  private var all: [String] = []

  func append(_ text: String) {
    lock.lock()
    all.append(text)
    lock.unlock()
  }

  var texts: [String] {
    lock.lock()
    defer { lock.unlock() }
    return all
  }
}

/// One of several clients that get in each other's way.
private struct Member {
  var random: UInt64
  let spaces: [UInt32]
  let devices: [UInt32]
  let access: UInt32
  let file: Int32

  init(seed: UInt64, spaces: [UInt32], devices: [UInt32], access: UInt32, file: Int32) {
    random = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
    self.spaces = spaces
    self.devices = devices
    self.access = access
    self.file = file
  }

  private mutating func pick(_ count: Int) -> Int {
    random ^= random << 13
    random ^= random >> 7
    random ^= random << 17
    return Int(random % UInt64(count))
  }

  /// One request, small or for a worker. What others prevent is refused, which is well.
  mutating func step(_ client: Client) throws {
    let space = spaces[pick(spaces.count)]
    let iova = IOVA(UInt64(1 + pick(8)) << 20)
    let length = UInt64([1, 16, 100, 256][pick(4)]) * 4096
    do throws(ClientError) {
      switch pick(16) {
      case 0...2:
        _ = try client.call(
          IOASMap(ioas: space, .init(length: length, source: .fd(0), iova: iova)), descriptors: [file])
      case 3: _ = try client.call(IOASUnmap(ioas: space, iova: iova, length: 1 << 20))
      case 4: _ = try client.call(IOASUnmap(allOf: space))
      case 5: _ = try client.call(DeviceAttach(device: devices[pick(devices.count)], to: space))
      case 6: _ = try client.call(DeviceDetach(device: devices[pick(devices.count)]))
      case 7:
        let pin = try client.call(AccessPin(access: access, iova: iova, length: length))
        if pick(2) == 0 { _ = try client.call(AccessUnpin(access: access, pin: pin.pin)) }
      case 8, 9:
        let call = IOASCopy(from: spaces[pick(spaces.count)], iova, length: length, to: space)
        _ = try client.call(call)
      case 10:
        let range = AddressRange(IOVA(iova.rawValue + 0x8_0000), through: IOVA(iova.rawValue + 0x8_FFFF))
        _ = try client.call(IOASReserve(ioas: space, range, release: pick(2) == 0))
      case 11:
        let copy = IOASCost.Copy(from: spaces[pick(spaces.count)], iova, length: length)
        _ = try client.call(IOASCost(ioas: space, copy: copy))
      case 12: _ = try client.call(IOASExplain(ioas: space, iova: iova))
      case 13: _ = try client.call(AccessReplace(access: access, ioas: space))
      case 14:
        let read = AccessRead(access: access, iova: iova, length: length, into: 0)
        _ = try client.call(read, descriptors: [file])
      case 15:
        let call = DeviceDMARead(device: devices[pick(devices.count)], iova: iova, length: 4096)
        _ = try client.call(call)
      default: _ = try client.call(PagesList(after: nil))
      }
    } catch .refused(let failure) {
      let allowed: [Errno] = [.eexist, .enoent, .ebusy, .einval, .efault, .enomem, .eaddrinuse]
      guard let errno = failure.errno, allowed.contains(errno) else { throw ClientError.refused(failure) }
    }
  }
}
