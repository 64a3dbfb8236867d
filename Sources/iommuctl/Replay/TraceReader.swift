// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

/// Reads a trace from its beginning, and finds out whether it makes sense.
struct TraceReader: ~Copyable {
  /// A record and where it stands.
  struct Entry {
    /// Counts the lines of the file from 1.
    var line: UInt64
    var record: TraceRecord
    /// Bytes of the file that it takes.
    var length: UInt64
  }

  /// The file's name in messages.
  let name: String
  /// Bytes of the file.
  let size: UInt64
  /// The line in whose middle the trace ends, since the daemon was killed while it wrote.
  private(set) var brokenOff: UInt64?

  private let file: OwnedDescriptor
  private var scanner = Scanner()
  private var bytes: [UInt8] = []
  /// Where in `bytes` the next line begins.
  private var start = 0
  private var line: UInt64 = 0
  private var order = TraceOrder()

  private static var piece: Int { 1 << 18 }
  /// Bytes of a record: more than the daemon ever makes of a line.
  private static var longest: Int { 64 << 20 }

  init(_ path: String) throws(Problem) {
    let name = "'\(path)'"
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .failed("cannot open \(name): \(errorText(errno))") }
    let file = OwnedDescriptor(owning: number)
    var facts = iommu_file_facts()
    let status = unsafe iommu_file_facts(number, &facts)
    guard status == 0, facts.mode & S_IFMT == S_IFREG else {
      throw .failed("\(name) is no regular file: a trace is read twice")
    }
    size = facts.size
    self.file = file
    self.name = name
  }

  /// The next record; nil at the end.
  /// - Throws: ``Problem/failed(_:)``, which names the line, when that is no record or cannot come here.
  mutating func next() throws(Problem) -> Entry? {
    guard let text = try nextLine() else {
      guard line > 0 else { throw .failed("\(name) is empty: it is no trace") }
      return nil
    }
    do throws(Failure) {
      let record = try TraceRecord(text, &scanner)
      try order.check(record)
      return Entry(line: line, record: record, length: UInt64(text.count + 1))
    } catch {
      throw .failed("\(name), line \(line): \(error.message)")
    }
  }

  private mutating func nextLine() throws(Problem) -> [UInt8]? {
    var searched = start
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        line += 1
        return Array(bytes[start..<end])
      }
      bytes.removeFirst(start)
      start = 0
      searched = bytes.count
      guard searched <= Self.longest else {
        throw .failed("\(name), line \(line + 1): no record has more than \(Self.longest) bytes")
      }
      let more = try readFully(file.rawValue, Self.piece, name: name)
      if more.isEmpty {
        if !bytes.isEmpty, line > 0 { brokenOff = line + 1 }
        guard line > 0 || bytes.isEmpty else {
          throw .failed("\(name), line 1: it has no newline, so that this is no trace")
        }
        return nil
      }
      bytes += more
    }
  }
}
