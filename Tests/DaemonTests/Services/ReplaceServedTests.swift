// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Glibc
import IommuBase
import IommuClient
import IommuDaemon
import IommuWire
import Testing

@Suite("Changing over, in a served daemon")
struct ReplaceServedTests {
  /// One piece of DMA is done on the loop, the other is too much for it and goes to workers.
  @Test(
    "DMA of one connection neither misses while another attaches the device elsewhere, nor stands in its way")
  func missesNothing() throws {
    let served = try Served()
    let owner = try served.connect()
    _ = try owner.call(ContextOpen("vm"))
    let (ioas, other) = (try owner.call(IOASAlloc()).ioas, try owner.call(IOASAlloc()).ioas)
    for space in [ioas, other] {
      let range = IOASMap.Range(length: 1 << 20, source: .new, iova: IOVA(0x10_0000))
      _ = try owner.call(IOASMap(ioas: space, range))
    }
    let device = try owner.call(DeviceBind(name: "nic")).device
    let hwpt = try owner.call(HWPTAlloc(device: device, ioas: ioas)).hwpt
    _ = try owner.call(DeviceAttach(device: device, to: ioas))
    let stop = Flag()
    let path = served.path
    let misses = Log()
    let running = DispatchGroup()
    for number in 0..<2 {
      running.enter()
      Threads.run {
        defer { running.leave() }
        do {
          let guest = try Client.connect(to: path)
          _ = try guest.call(ContextOpen("vm"))
          while !stop.isSet {
            let iova = IOVA(0x10_0000 + UInt64(number) << 12)
            _ = try guest.call(DeviceDMARead(device: device, iova: iova, length: number == 0 ? 8 : 65_536))
            misses.count()
          }
        } catch {
          misses.note("\(error)")
        }
      }
    }
    for _ in 0..<50 {
      for target in [other, hwpt, ioas] {
        let before = misses.counted
        _ = try owner.call(DeviceAttach(device: device, to: target))
        while misses.counted < before + 2, misses.events.isEmpty { sched_yield() }
      }
    }
    stop.set()
    running.wait()
    #expect(misses.events.isEmpty)
    #expect(try owner.call(DeviceInfo(device: device)).ioas == ioas)
  }

  private final class Flag: @unchecked Sendable {
    private let lock = Lock()
    private var value = false

    func set() {
      lock.lock()
      value = true
      lock.unlock()
    }

    var isSet: Bool {
      lock.lock()
      defer { lock.unlock() }
      return value
    }
  }

  private final class Log: @unchecked Sendable {
    private let lock = Lock()
    private var noted: [String] = []
    private var number = 0

    func note(_ text: String) {
      lock.lock()
      noted.append(text)
      lock.unlock()
    }

    func count() {
      lock.lock()
      number += 1
      lock.unlock()
    }

    var events: [String] {
      lock.lock()
      defer { lock.unlock() }
      return noted
    }

    var counted: Int {
      lock.lock()
      defer { lock.unlock() }
      return number
    }
  }
}
