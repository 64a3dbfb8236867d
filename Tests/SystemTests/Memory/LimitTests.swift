// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing

/// Limits of a daemon that has no privilege, where the tests run as root: root's own limits of locked memory are none.
@Suite struct LimitTests {
  private struct Stage {
    let daemon: DaemonProcess
    let client: Client
    let ioas: UInt32

    init(_ daemon: DaemonProcess) throws {
      self.daemon = daemon
      client = try daemon.connect()
      ioas = try client.call(IOASAlloc()).ioas
      let device = try client.call(DeviceBind(name: nil)).device
      _ = try client.call(DeviceAttach(device: device, to: ioas))
    }

    func map(_ file: borrowing OwnedDescriptor, pages: UInt64) throws -> IOVA? {
      let range = IOASMap.Range(length: pages * 4096, source: .fd(0))
      return try client.call(IOASMap(ioas: ioas, range), descriptors: [file.rawValue]).iova
    }
  }

  private func refusal(_ body: () throws -> Void) -> Failure? {
    do {
      try body()
    } catch ClientError.refused(let failure) {
      return failure
    } catch {
      Issue.record("\(error)")
    }
    return nil
  }

  @Test func theKernelsLimitOfLockedMemoryIsAnErrorAndNothingStays() throws {
    let stage = try Stage(
      DaemonProcess(unprivileged: true, before: ["prlimit", "--memlock=\(256 * 4096)"]))
    let file = try filledMemfd(pages: 400)
    let before = try stage.client.call(ServerStats()).state
    let failure = refusal { _ = try stage.map(file, pages: 400) }
    #expect(failure?.errno == .enomem)
    #expect(failure?.field == "source")
    #expect(try stage.daemon.heldPages() == 0)
    #expect(try stage.client.call(ServerStats()).state == before)
    let iova = try #require(try stage.map(file, pages: 200))
    #expect(try stage.daemon.heldPages() == 200)
    // Given back, there is as much again.
    _ = try stage.client.call(IOASUnmap(ioas: stage.ioas, iova: iova, length: 200 * 4096))
    #expect(try stage.daemon.heldPages() == 0)
    _ = try stage.map(file, pages: 200)
  }

  @Test func quotasOfTheCommandLineHold() throws {
    let stage = try Stage(
      DaemonProcess(
        unprivileged: true,
        [
          "--quota", "pinned_bytes=40K", "--quota", "\(getuid()):pinned_bytes=64K", "--quota", "areas=3",
          "--quota", "all:objects=100",
        ]))
    let file = try filledMemfd(pages: 32)
    let quotas = try stage.client.call(ServerStats()).quotas
    #expect(quotas.first { $0.quota == "pinned_bytes" }?.limit == 64 << 10)
    #expect(quotas.first { $0.quota == "areas" }?.limit == 3)
    #expect(quotas.first { $0.quota == "objects" }?.limitOfAll == 100)
    #expect(quotas.first { $0.quota == "objects" }?.limit == 50)
    let failure = refusal { _ = try stage.map(file, pages: 17) }
    #expect(failure?.errno == .enomem)
    #expect(
      failure?.message.contains("pinned_bytes: 0 in use and 69632 wanted, but the limit is 65536") == true)
    _ = try stage.map(file, pages: 16)
    #expect(try stage.daemon.heldPages() == 16)
  }

  @Test func aQuotaThatIsNoneIsAMistake() throws {
    let program = try built("iommud")
    let daemon = try Launched("exec \(program) --listen /nowhere --quota objects=many 2>/dev/null")
    #expect(daemon.wait() == 64)
  }
}
