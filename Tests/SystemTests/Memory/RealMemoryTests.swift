// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient
import Testing

/// What the kernel itself says about the memory of a running daemon.
@Suite struct RealMemoryTests {
  private let bytes = 4096

  @Test func theKernelHoldsExactlyWhatIsMapped() throws {
    let daemon = try DaemonProcess()
    let client = try daemon.connect()
    let (ioas, _) = try attached(client)
    let memfd = try filledMemfd(pages: 700, seals: IOMMU_SEAL_SHRINK)
    #expect(try daemon.heldPages() == 0)
    let range = IOASMap.Range(length: 600 * 4096, source: .fd(0, offset: 4096))
    let iova = try #require(
      try client.call(IOASMap(ioas: ioas, range), descriptors: [memfd.rawValue]).iova)
    #expect(try daemon.heldPages() == 600)
    #expect(iommu_add_seals(memfd.rawValue, UInt32(IOMMU_SEAL_WRITE)) == -EBUSY)
    #expect(try client.call(ServerStats()).state.pinnedPages == 600)
    // An access over it pins nothing twice.
    let access = try client.call(AccessCreate(ioas: ioas, pins: true)).access
    let pin = try client.call(AccessPin(access: access, iova: iova, length: 8192)).pin
    #expect(try daemon.heldPages() == 600)
    _ = try client.call(AccessUnpin(access: access, pin: pin))
    #expect(try client.call(IOASUnmap(ioas: ioas, iova: iova, length: 600 * 4096)).unmapped == 600 * 4096)
    #expect(try daemon.heldPages() == 0)
    #expect(try client.call(ServerStats()).state.pinnedPages == 0)
  }

  @Test func aConnectionThatEndsTakesItsPinsAlong() throws {
    let daemon = try DaemonProcess()
    let other = try daemon.connect()
    _ = try other.call(ServerInfo())
    let before = try daemon.descriptorCount()
    do {
      let client = try daemon.connect()
      let (ioas, _) = try attached(client)
      _ = try client.call(IOASMap(ioas: ioas, .init(length: 100 * 4096, source: .new)))
      #expect(try daemon.heldPages() == 100)
    }
    // The loop has seen the end of a connection once it says so.
    for _ in 0..<2000 where try other.call(ServerStats()).state.connections > 1 { usleep(1000) }
    for _ in 0..<2000 where try daemon.heldPages() > 0 { usleep(1000) }
    #expect(try daemon.heldPages() == 0)
    #expect(try other.call(ServerStats()).state.objects.memory == 0)
    #expect(try daemon.descriptorCount() <= before + 1)  // a ring stays
  }

  @Test func aTruncatedFileIsAFaultAndNotTheEnd() throws {
    let daemon = try DaemonProcess()
    let client = try daemon.connect()
    let ioas = try client.call(IOASAlloc()).ioas
    let memfd = try filledMemfd(pages: 8)
    let range = IOASMap.Range(length: 8 * 4096, source: .fd(0))
    let iova = try #require(
      try client.call(IOASMap(ioas: ioas, range), descriptors: [memfd.rawValue]).iova)
    let access = try client.call(AccessCreate(ioas: ioas, pins: false)).access
    let last = IOVA(iova.rawValue + 7 * 4096)
    let data = try client.call(AccessRead(access: access, iova: last, length: 1)).data
    #expect(data == Bytes([7]))
    try #require(ftruncate(memfd.rawValue, 4096) == 0)
    #expect(refusal { _ = try client.call(AccessRead(access: access, iova: last, length: 1)) } == .efault)
    let write = AccessWrite(access: access, iova: last, data: Bytes([1]))
    #expect(refusal { _ = try client.call(write) } == .efault)
    #expect(try client.call(AccessRead(access: access, iova: iova, length: 1)).data == Bytes([0]))
    _ = try client.call(ServerInfo())
  }

  @Test func holesOfAFileAreNotFilled() throws {
    let daemon = try DaemonProcess()
    let client = try daemon.connect()
    let (ioas, _) = try attached(client)
    let memfd = try filledMemfd(pages: 4)
    try #require(ftruncate(memfd.rawValue, 1 << 34) == 0)
    let range = IOASMap.Range(length: 5 * 4096, source: .fd(0))
    let map = IOASMap(ioas: ioas, range)
    #expect(refusal { _ = try client.call(map, descriptors: [memfd.rawValue]) } == .efault)
    var facts = iommu_file_facts()
    try #require(unsafe iommu_file_facts(memfd.rawValue, &facts) == 0)
    #expect(facts.allocated == 4 * 4096)
    #expect(try daemon.heldPages() == 0)
    #expect(try client.call(ServerStats()).state.areas == 0)
  }

  @Test func whatIsNoMemoryIsRefused() throws {
    let daemon = try DaemonProcess()
    let client = try daemon.connect()
    let ioas = try client.call(IOASAlloc()).ioas
    _ = try client.call(ServerInfo())
    let before = try daemon.descriptorCount()
    for path in ["/dev/null", "/", "/proc/self/status"] {
      let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
      let other = OwnedDescriptor(owning: try #require(number >= 0 ? number : nil))
      let map = IOASMap(ioas: ioas, .init(length: 4096, source: .fd(0), write: false))
      #expect(refusal { _ = try client.call(map, descriptors: [other.rawValue]) } == .einval)
    }
    for _ in 0..<10_000 where try daemon.descriptorCount() > before { usleep(1000) }
    #expect(try daemon.descriptorCount() <= before)
    #expect(try client.call(ServerStats()).state.objects.memory == 0)
  }

  /// An address space with a device on it.
  private func attached(_ client: Client) throws -> (ioas: UInt32, device: UInt32) {
    let ioas = try client.call(IOASAlloc()).ioas
    let device = try client.call(DeviceBind(name: "test")).device
    _ = try client.call(DeviceAttach(device: device, to: ioas))
    return (ioas, device)
  }

  private func refusal(_ body: () throws -> Void) -> Errno? {
    do {
      try body()
    } catch ClientError.refused(let failure) {
      return failure.errno
    } catch {
      Issue.record("\(error)")
    }
    return nil
  }
}
