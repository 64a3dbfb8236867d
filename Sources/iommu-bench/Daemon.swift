// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient

/// An iommud of our own, with one connection.
final class Daemon {
  let client: Client
  let socket: String
  let nanosecondsToFirstAnswer: UInt64
  private let child: ChildProcess

  init(_ program: String, socket: String) throws {
    let start = now()
    let child = try ChildProcess([program, "--listen", "user:" + socket])
    let client = try connecting(to: child) { try Client.connect(to: socket) }
    _ = try client.call(ServerInfo())
    nanosecondsToFirstAnswer = now() - start
    self.client = client
    self.socket = socket
    self.child = child
  }

  /// Memory that is its own right now.
  func residentBytes() throws -> UInt64 {
    let file = unsafe open("/proc/\(child.pid)/status", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw BenchError("iommud has ended") }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 8192)
    let got = unsafe bytes.withUnsafeMutableBytes { unsafe read(file, $0.baseAddress, $0.count) }
    let text = String(decoding: bytes.prefix(max(0, got)), as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix("VmRSS:") {
      let words = line.split { $0 == " " || $0 == "\t" }
      if words.count > 1, let kibibytes = UInt64(words[1]) { return kibibytes * 1024 }
    }
    throw BenchError("no VmRSS in /proc/\(child.pid)/status")
  }
}
