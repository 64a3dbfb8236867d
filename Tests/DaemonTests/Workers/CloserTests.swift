// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite(.timeLimit(.minutes(1))) struct CloserTests {
  /// A socket in which a TCP connection lies that waits in close for as long as `sockets` lives, and with it
  /// whoever closes the socket: nothing can be told the connection any more.
  private func makeTrap(_ sockets: LingerSockets) throws -> OwnedDescriptor {
    var (first, second): (Int32, Int32) = (-1, -1)
    try #require(unsafe iommu_socketpair(&first, &second) == 0)
    let sender = Socket(owning: OwnedDescriptor(owning: first))
    let trap = OwnedDescriptor(owning: second)
    let batch = try sockets.batch()
    let sent = try unsafe [UInt8(1)].withUnsafeBytes { try unsafe sender.send($0, batch) }
    #expect(sent == 1)
    return trap
  }

  /// Hands the writing end of a pipe over and answers the reading one, which tells when the other is closed.
  private func handOver(to closer: Closer, for uid: UInt32) throws -> Int32 {
    var ends: [Int32] = [-1, -1]
    try #require(unsafe iommu_pipe(&ends) == 0)
    closer.close(OwnedDescriptor(owning: ends[1]), for: uid)
    return ends[0]
  }

  /// Waits until nobody can write to the pipe any more.
  private func awaitEnd(_ reading: Int32) -> Bool {
    let owned = OwnedDescriptor(owning: reading)
    var entry = pollfd(fd: owned.rawValue, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 4000) == 1 && Int32(entry.revents) & POLLHUP != 0
  }

  @Test func `Nobody waits for what another user brought`() throws {
    let sockets = try LingerSockets()
    let closer = Closer(each: 2)
    closer.close(try makeTrap(sockets), for: 1)
    // Long before the trap lets go, which takes 5 s.
    for uid in UInt32(2)..<6 {
      #expect(awaitEnd(try handOver(to: closer, for: uid)))
    }
    #expect(!closer.isBehind(1))
    let reading = try handOver(to: closer, for: 1)
    #expect(closer.isBehind(1))
    #expect(!closer.isBehind(2))
    #expect(!closer.stop(milliseconds: 10))
    close(reading)
    withExtendedLifetime(sockets) {}
  }

  @Test func `All that many users bring is closed`() throws {
    let closer = Closer()
    var readers: [Int32] = []
    for number in 0..<600 {
      readers.append(try handOver(to: closer, for: UInt32(number % 7)))
    }
    #expect(closer.stop(milliseconds: 10_000))
    for reader in readers { #expect(awaitEnd(reader)) }
    #expect(!closer.isBehind(0))
  }
}
