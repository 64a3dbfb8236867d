// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// A redis-server of our own, asked over a Unix socket for a value of 100 bytes.
final class Redis {
  private let child: ChildProcess
  private let link: RawLink
  private static let value = String(repeating: "v", count: 100)
  private static let request = Array("*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n".utf8)
  /// Bytes of one answer: a line with the length, the value, its end.
  private static let answerBytes = "$100\r\n".utf8.count + 100 + 2

  init(_ program: String, socket path: String) throws {
    let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.endIndex))
    let child = try ChildProcess([
      program, "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder,
    ])
    self.child = child
    link = try connecting(to: child) { try RawLink(path) }
    try link.send(Array("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$100\r\n\(Self.value)\r\n".utf8))
    try link.receive(bytes: "+OK\r\n".utf8.count)
  }

  func get(_ count: Int, _ samples: inout Samples) throws {
    let requests = Array([[UInt8]](repeating: Self.request, count: samples.depth).joined())
    try samples.measure(count) { round in
      try link.send(requests[..<(round * Self.request.count)])
      try link.receive(bytes: round * Self.answerBytes)
    }
  }
}
