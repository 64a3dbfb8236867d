// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire
import Testing

/// TCP connections whose last holder waits in close for as long as the other end, which this keeps, reads nothing.
final class LingerSockets {
  private let listener: Int32
  private var others: [Int32] = []
  /// How long a close would wait.
  static let seconds: Int32 = 5

  init() throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(listener >= 0)
    var address = Self.loopback(port: 0)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(listener, $0, size) }
    }
    try #require(bound == 0 && listen(listener, 256) == 0)
  }

  deinit {
    for other in others { close(other) }
    close(listener)
  }

  /// One whose buffers are full.
  func make() throws -> Int32 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let connected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = unsafe getsockname(listener, $0, &size)
        return unsafe connect(made, $0, size)
      }
    }
    try #require(made >= 0 && connected == 0)
    others.append(accept(listener, nil, nil))
    var lingering = linger(l_onoff: 1, l_linger: Self.seconds)
    _ = unsafe setsockopt(
      made, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
    let bytes = [UInt8](repeating: 0, count: 1 << 16)
    while unsafe send(made, bytes, bytes.count, Int32(MSG_DONTWAIT)) > 0 {}
    return made
  }

  func batch(_ count: Int = 1) throws -> DescriptorBatch {
    DescriptorBatch(owning: try (0..<count).map { _ in try make() })
  }

  private static func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
