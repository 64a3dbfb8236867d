// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

/// A redis-server of our own, asked over a Unix socket for a value of 100 bytes, as little as can be done: the
/// request is made beforehand and of the answer only the bytes are counted.
final class Redis {
  private let child: ChildProcess
  private let socket: OwnedDescriptor
  private static let value = String(repeating: "v", count: 100)
  private static let request = Array("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n".utf8)
  /// Bytes of one answer: a line with the length, the value, its end.
  private static let answerBytes = "$100\r\n".utf8.count + 100 + 2
  private var answer = [UInt8](repeating: 0, count: 1 << 16)

  init(_ program: String, socket path: String) throws {
    let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex))
    let child = try ChildProcess([
      program, "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder,
    ])
    self.child = child
    socket = try connecting(to: child) { try connectToSocket(path) }
    try send(Array("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$100\r\n\(Self.value)\r\n".utf8))
    try receive("+OK\r\n".utf8.count)
  }

  func get(_ count: Int, _ samples: inout Samples) throws {
    let requests = Array([[UInt8]](repeating: Self.request, count: samples.depth).joined())
    try samples.measure(count) { round in
      try send(requests[..<(round * Self.request.count)])
      try receive(round * Self.answerBytes)
    }
  }

  private func send(_ bytes: some Collection<UInt8>) throws {
    let done = bytes.withContiguousStorageIfAvailable {
      unsafe Glibc.send(socket.rawValue, $0.baseAddress, $0.count, 0)
    }
    guard done == bytes.count else { throw BenchError("redis-server takes no requests") }
  }

  private func receive(_ count: Int) throws {
    var left = count
    while left > 0 {
      let got = unsafe answer.withUnsafeMutableBytes {
        unsafe recv(socket.rawValue, $0.baseAddress, $0.count, 0)
      }
      guard got > 0, got <= left else { throw BenchError("redis-server answers something else") }
      left -= got
    }
  }
}

private func connectToSocket(_ path: String) throws -> OwnedDescriptor {
  let status = unsafe path.withCString { unsafe iommu_connect($0) }
  guard status >= 0 else { throw Errno(-status) }
  return OwnedDescriptor(owning: status)
}
