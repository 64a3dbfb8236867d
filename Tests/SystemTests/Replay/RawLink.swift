// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing

/// A connection that says whatever it is told to, line by line.
final class RawLink {
  private let socket: Socket

  init(_ path: String) throws {
    socket = try Socket.connect(to: path)
    // A daemon that does not answer fails the test, rather than to hold it up.
    var patience = timeval(tv_sec: 60, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    try #require(unsafe setsockopt(socket.rawValue, SOL_SOCKET, SO_RCVTIMEO, &patience, size) == 0)
  }

  func send(_ text: String, _ descriptors: [Int32] = []) throws { try send(Array(text.utf8), descriptors) }

  /// - Parameter descriptors: stay the caller's.
  func send(_ bytes: [UInt8], _ descriptors: [Int32] = []) throws {
    let copies = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
    var batch: DescriptorBatch? = copies.isEmpty ? nil : DescriptorBatch(owning: copies)
    var done = 0
    while done < bytes.count {
      done += try unsafe bytes.withUnsafeBytes { bytes in
        try unsafe socket.send(UnsafeRawBufferPointer(rebasing: bytes[done...]), batch, wait: true)
      }
      batch = nil
    }
  }

  /// The next line; nil when the daemon has ended the connection.
  func line() throws -> String? {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while true {
      let count = unsafe recv(socket.rawValue, &byte, 1, 0)
      try #require(count >= 0)
      if count == 0 { return nil }
      if byte == 10 { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
  }

  /// Sends a request and waits for its answer.
  @discardableResult
  func ask(_ method: String, _ parameters: String = "{}", _ descriptors: [Int32] = []) throws -> String {
    try send(Self.request(method, parameters, descriptors.count), descriptors)
    return try #require(try line())
  }

  static func request(_ method: String, _ parameters: String = "{}", _ descriptors: Int = 0) -> String {
    let fds = descriptors > 0 ? #","fds":\#(descriptors)"# : ""
    return #"{"jsonrpc":"2.0","id":"\#(method)","method":"\#(method)","params":\#(parameters)\#(fds)}"# + "\n"
  }

  func finishSending() { socket.finishSending() }
}
