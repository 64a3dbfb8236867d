// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

/// A connection for requests that were made beforehand, of whose answers only the ends are looked for: as little
/// as a client can do.
final class RawLink {
  private let socket: OwnedDescriptor
  private var room = [UInt8](repeating: 0, count: 1 << 16)

  /// - Throws: what connect answers.
  init(_ path: String) throws {
    let status = unsafe path.withCString { unsafe iommu_connect($0) }
    guard status >= 0 else { throw Errno(-status) }
    socket = OwnedDescriptor(owning: status)
  }

  func send(_ bytes: some Collection<UInt8>) throws {
    let done = bytes.withContiguousStorageIfAvailable {
      unsafe Glibc.send(socket.rawValue, $0.baseAddress, $0.count, 0)
    }
    guard done == bytes.count else { throw BenchError("requests are not taken") }
  }

  /// Waits for `count` bytes.
  func receive(bytes count: Int) throws {
    var left = count
    while left > 0 {
      let got = try receive()
      guard got <= left else { throw BenchError("an answer is longer than expected") }
      left -= got
    }
  }

  /// Waits for `count` lines.
  func receive(lines count: Int) throws {
    var left = count
    while left > 0 {
      let got = try receive()
      left -= unsafe room.withUnsafeBufferPointer { bytes in
        unsafe UnsafeBufferPointer(rebasing: bytes[..<got]).count { $0 == UInt8(ascii: "\n") }
      }
      guard left >= 0 else { throw BenchError("there are more answers than expected") }
    }
  }

  /// Waits for one line.
  func receiveLine() throws -> String {
    var line: [UInt8] = []
    while line.last != UInt8(ascii: "\n") { line += room[..<(try receive())] }
    return String(decoding: line, as: UTF8.self)
  }

  private func receive() throws -> Int {
    let got = unsafe room.withUnsafeMutableBytes {
      unsafe recv(socket.rawValue, $0.baseAddress, $0.count, 0)
    }
    guard got > 0 else { throw BenchError("the connection was closed") }
    return got
  }
}

/// Lines that are sent over and over.
struct RawLoad: Load {
  let link: RawLink
  /// Sent in turns; their number divides every depth but 1.
  let lines: [[UInt8]]

  init(_ link: RawLink, _ lines: [String]) {
    self.link = link
    self.lines = lines.map { Array($0.utf8) + [UInt8(ascii: "\n")] }
  }

  /// Sends each line once and throws unless it has a result.
  func check() throws {
    for line in lines {
      try link.send(line)
      let answer = try link.receiveLine()
      guard answer.contains("\"result\"") else { throw BenchError("refused: \(answer)") }
    }
  }

  func run(_ client: Client, _ count: Int, _ samples: inout Samples) throws {
    var turn = 0
    let depth = samples.depth
    var rounds: [Int: [UInt8]] = [:]
    try samples.measure(count) { round in
      if depth == 1 {
        try link.send(lines[turn])
        turn = (turn + 1) % lines.count
      } else {
        let bytes = rounds[round] ?? Array((0..<round).map { lines[$0 % lines.count] }.joined())
        rounds[round] = bytes
        try link.send(bytes)
      }
      try link.receive(lines: round)
    }
    // An unmap may be owed.
    while turn != 0 {
      try link.send(lines[turn])
      try link.receive(lines: 1)
      turn = (turn + 1) % lines.count
    }
  }
}
