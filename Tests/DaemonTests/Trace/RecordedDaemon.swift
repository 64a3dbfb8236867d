// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// A daemon with a trace.
final class RecordedDaemon {
  let path: String
  let daemon: TestDaemon
  private let folder: String

  init() throws {
    let folder = try temporaryFolder()
    let path = folder + "/trace"
    daemon = try TestDaemon { $0.trace = path }
    self.path = path
    self.folder = folder
  }

  deinit {
    _ = unsafe unlink(path)
    _ = unsafe rmdir(folder)
  }

  /// Ends the daemon and reads all that it has recorded.
  func records() throws -> [TraceRecord] {
    #expect(daemon.stop() == 0)
    return try traceRecords(at: path)
  }
}

/// The bytes of a file.
func contents(of path: String) throws -> [UInt8] {
  let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
  try #require(number >= 0, "\(path)")
  let file = OwnedDescriptor(owning: number)
  var bytes: [UInt8] = []
  while true {
    var room = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe room.withUnsafeMutableBytes { unsafe read(file.rawValue, $0.baseAddress, $0.count) }
    guard count > 0 else { return bytes }
    bytes += room.prefix(count)
  }
}

/// The records of a trace, each of which has to end with a newline.
func traceRecords(at path: String) throws -> [TraceRecord] {
  let bytes = try contents(of: path)
  #expect(bytes.last == 10)
  var scanner = Scanner()
  var records: [TraceRecord] = []
  for line in bytes.dropLast().split(separator: 10) { records.append(try TraceRecord(Array(line), &scanner)) }
  let head = try #require(records.first)
  #expect(head.kind == .trace && head.format == 1 && head.version == Version.current)
  #expect(records.map(\.time) == records.map(\.time).sorted())
  return Array(records.dropFirst())
}

extension [TraceRecord] {
  /// What happened, in a few letters each.
  var outline: [String] {
    map { record in
      let text = record.text.flatMap { text in
        text.firstRange(of: #""id":""#).map { text[$0.upperBound...].prefix { $0 != "\"" } }
      }
      return "\(record.kind) \(record.connection ?? 0)" + (text.map { " \($0)" } ?? "")
    }
  }
}
