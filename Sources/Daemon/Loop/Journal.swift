// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import IommuBase

/// Where the daemon says what its administrator should know. Any thread.
///
/// Entries go to the systemd journal with their fields when standard error is connected to it, else to
/// standard error as lines. They never hold what clients sent.
package struct Journal: Sendable {
  /// What happened, with an id that stays the same for good, so that it can be searched and described.
  package enum Kind: String, Sendable {
    case started = "d243bb45a0cd47fcb5d20bbcb3bc7def"
    case startFailed = "c78266e4a0444e6a91d45ed009535134"
    case stopping = "701a2a52eb7346e8a21cfdae34f88f91"
    case acceptFailed = "8ed153b4ccfd4a4c8496ec0bf7c5536c"
    case connectionRefused = "5ac4707d383841fa85fbf02362fcc142"
    case connectionDropped = "d4ff0ce9673348d2b06d2b7ce6254329"
    case protocolViolated = "1c3e70412495405eaa13f644555fe69b"
    case internalError = "8da57eecf650475999ebc2beade32b7c"
    case workerStuck = "0f3e0c6f6b7b4a0e9d8c5a4b1f2e7d63"
    case notifyFailed = "1b9e4b2f0c7a4f3f8a53c6d1e20f7b94"
    case storeOdd = "6f0d3a7be1c5498d92e4b8a6c7d15f03"
    case logFull = "5d2c9f0f2f1b4a6c9a7e4b0e63d1c8a4"
    case restored = "b1f7a3c05a9e4a5d8a53c2fdd0e4916b"
    case notRestored = "3e9b64c1d7f84f5fb2a0c6717d2e85f0"
    case degraded = "c8a05f1e94d64b3db7e21f0a6b3c57d9"
    case traceBegun = "a2f4c1d86b0e4f97b3d5e86c07914a2e"
    case traceEnded = "47b9d3e02c6a4d18a5f1c09e7b8342d6"
    case other = "63098ed4c54e4022bc694526e036fdc3"
  }

  /// As syslog counts.
  package enum Level: Int, Sendable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
  }

  /// A field of an entry besides those that every entry has.
  package enum Field: Sendable {
    case method(String)
    case uid(UInt32)
    case errno(Errno)
    case connection(SessionID)
    case context(String)

    fileprivate var text: String {
      switch self {
      case .method(let name): "IOMMU_METHOD=\(name)"
      case .uid(let uid): "IOMMU_UID=\(uid)"
      case .errno(let errno): "ERRNO=\(errno.rawValue)"
      case .connection(let id): "IOMMU_CONNECTION=\(id.rawValue)"
      case .context(let name): "IOMMU_CONTEXT=\(name)"
      }
    }
  }

  private enum Target {
    case journal, standardError, nowhere
    case sink(@Sendable (Kind, String, [String]) -> Void)
  }

  private let target: Target

  private init(_ target: Target) { self.target = target }

  /// The journal where standard error leads there, else standard error.
  package static var standard: Journal {
    Journal(isStandardErrorJournal ? .journal : .standardError)
  }

  /// Says nothing. For tests.
  package static var silent: Journal { Journal(.nowhere) }

  /// Calls `sink` with the kind, the message and the fields of each entry, on any thread. For tests.
  package static func to(_ sink: @escaping @Sendable (Kind, String, [String]) -> Void) -> Journal {
    Journal(.sink(sink))
  }

  package func log(_ level: Level, _ kind: Kind, _ message: String, _ fields: Field...) {
    log(level, kind, message, fields)
  }

  package func log(_ level: Level, _ kind: Kind, _ message: String, _ fields: [Field]) {
    switch target {
    case .nowhere:
      return
    case .sink(let sink):
      sink(kind, message, fields.map(\.text))
    case .standardError:
      var line = "iommud: \(message)"
      for field in fields { line += " " + field.text }
      line += "\n"
      line.withUTF8 { bytes in _ = unsafe write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    case .journal:
      var texts = [
        "MESSAGE=\(message)", "PRIORITY=\(level.rawValue)", "MESSAGE_ID=\(kind.rawValue)",
        "SYSLOG_IDENTIFIER=iommud",
      ]
      texts += fields.map(\.text)
      Self.send(texts)
    }
  }

  private static func send(_ texts: [String]) {
    let ends = texts.map { $0.utf8.count }
    let all = texts.flatMap { Array($0.utf8) }
    unsafe all.withUnsafeBytes { bytes in
      var vectors: [iovec] = unsafe []
      var start = 0
      for length in ends {
        // The journal only reads through it.
        let base = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: start))
        unsafe vectors.append(iovec(iov_base: base, iov_len: length))
        start += length
      }
      _ = unsafe sd_journal_sendv(vectors, Int32(vectors.count))
    }
  }

  /// Whether systemd says in JOURNAL_STREAM that it has connected standard error, and that still holds.
  private static var isStandardErrorJournal: Bool {
    guard let value = unsafe getenv("JOURNAL_STREAM"), let text = unsafe String(validatingCString: value)
    else { return false }
    let parts = text.split(separator: ":")
    var facts = stat()
    guard parts.count == 2, unsafe fstat(STDERR_FILENO, &facts) == 0 else { return false }
    return UInt64(parts[0]) == UInt64(facts.st_dev) && UInt64(parts[1]) == UInt64(facts.st_ino)
  }
}
